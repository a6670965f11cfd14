/** Turns OpenAPI 3.0 schemas into JSON Schema, closes them against unknown fields, and checks values with Ajv. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import formats from "ajv-formats";

export type JsonObject = { readonly [name: string]: unknown };

/** Beyond as many problems of one body the rest says nothing new. */
const MOST_PROBLEMS = 5;

export interface SchemaChecks {
  /** Checks a JSON value; `key` names the schema for the cache. */
  json(key: string, schema: JsonObject, value: unknown): string[];
  /** Checks values that came as text (path and query). */
  texts(key: string, schema: JsonObject, values: Readonly<Record<string, string>>): string[];
}

/** Checks whose references lead into `description`. Only what is met is converted and compiled. */
export function createSchemaChecks(description: { components: { schemas: JsonObject } }): SchemaChecks {
  const options = { strict: false, allErrors: true, inlineRefs: false, logger: false } as const;
  const ajv = new Ajv(options);
  const coercing = new Ajv({ ...options, coerceTypes: true });
  // The default export is a plugin function; its types say so only under CommonJS.
  const addFormats = formats as unknown as (ajv: Ajv) => void;
  for (const each of [ajv, coercing]) addFormats(each);
  const compiled = new Map<string, ValidateFunction>();
  const converted = new Set<string>();

  function convert(schema: unknown, composed: boolean): unknown {
    if (Array.isArray(schema)) return schema.map((entry) => convert(entry, composed));
    if (typeof schema !== "object" || schema === null) return schema;
    const source = schema as JsonObject;
    if (typeof source["$ref"] === "string") return { $ref: component(source["$ref"], composed) };
    return nullable(closed(source, converting(source, composed), composed), source);
  }

  /** Each keyword that holds schemas, converted; examples and discriminators left out. */
  function converting(source: JsonObject, composed: boolean): JsonObject {
    const entries = Object.entries(source).flatMap(([name, value]): [string, unknown][] => {
      if (["example", "examples", "discriminator", "nullable", "externalDocs", "deprecated"].includes(name)) return [];
      if (name === "properties") return [[name, mapped(value as JsonObject)]];
      if (name === "allOf") return [[name, convert(value, true)]];
      const isChoice = name === "anyOf" || name === "oneOf";
      if (isChoice) return [[name, convert(value, composed || "properties" in source)]];
      if (name === "items" || name === "not" || name === "additionalProperties") return [[name, convert(value, false)]];
      return [[name, value]];
    });
    return Object.fromEntries(entries);
  }

  function mapped(properties: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, convert(value, false)]));
  }

  /** Registers a component under its own name, open where it is a part of a composition. */
  function component(reference: string, composed: boolean): string {
    const name = reference.split("/").at(-1) ?? "";
    const id = composed ? `open:${name}` : `closed:${name}`;
    if (converted.has(id)) return id;
    converted.add(id);
    const schema = convert(description.components.schemas[name], composed) as JsonObject;
    for (const each of [ajv, coercing]) each.addSchema(schema, id);
    return id;
  }

  function check(each: Ajv, key: string, schema: JsonObject, value: unknown): string[] {
    let validate = compiled.get(key);
    if (validate === undefined) {
      validate = each.compile(convert(schema, false) as JsonObject);
      compiled.set(key, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, MOST_PROBLEMS).map((error) => sentence(error));
  }

  return {
    json: (key, schema, value) => check(ajv, key, schema, value),
    texts: (key, schema, values) => check(coercing, key, schema, { ...values }),
  };
}

/** GitHub's description does not forbid fields it does not name; neither side should use such. */
function closed(source: JsonObject, schema: JsonObject, composed: boolean): JsonObject {
  const composes = ["allOf", "anyOf", "oneOf"].some((name) => name in source);
  if (composed || composes || !("properties" in source) || "additionalProperties" in source) return schema;
  return { ...schema, additionalProperties: false };
}

function nullable(schema: JsonObject, source: JsonObject): JsonObject {
  return source["nullable"] === true ? { anyOf: [schema, { type: "null" }] } : schema;
}

function sentence(error: ErrorObject): string {
  const { additionalProperty, allowedValues } = error.params as {
    additionalProperty?: string;
    allowedValues?: unknown[];
  };
  const more = additionalProperty === undefined ? (allowedValues?.join(", ") ?? "") : `"${additionalProperty}"`;
  return `${error.instancePath} ${error.message ?? "is wrong"} ${more}`.trimEnd();
}
