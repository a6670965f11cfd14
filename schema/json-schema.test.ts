import { describe, expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";
import { DOCUMENT_KINDS } from "./documents.ts";
import { jsonSchema } from "./json-schema.ts";

describe("JSON Schema for editors", () => {
  test("says what a Deployment may hold, and that nothing else may stand there", () => {
    const schema = jsonSchema("Deployment");
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      required: ["apiVersion", "kind", "metadata", "spec"],
      additionalProperties: false,
      properties: {
        kind: { enum: ["Deployment"] },
        metadata: {
          required: ["name"],
          properties: { name: { type: "string", pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" } },
        },
        spec: {
          required: ["score"],
          oneOf: [{ required: ["targetSelector"] }, { required: ["selectorRef"] }],
          properties: {
            score: {
              properties: {
                data: {
                  properties: {
                    services: {
                      minItems: 1,
                      items: {
                        required: ["name", "image"],
                        properties: { restart_policy: { enum: ["no", "on-failure", "always", "unless-stopped"] } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    });
  });

  test("covers every kind, each field with a description", () => {
    expect((jsonSchema()["oneOf"] as { title: string }[]).map(({ title }) => title)).toEqual([...DOCUMENT_KINDS]);
    const undescribed: string[] = [];
    const walk = (path: string, value: JsonValue | undefined): void => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return;
      const { properties, description } = value as Record<string, JsonValue>;
      if (properties !== undefined && description === undefined) undescribed.push(path);
      for (const [key, member] of Object.entries(value)) walk(`${path}.${key}`, member);
    };
    for (const kind of DOCUMENT_KINDS) walk(kind, jsonSchema(kind));
    expect(undescribed).toEqual([]);
    expect(() => canonicalJson(jsonSchema())).not.toThrow();
  });
});
