/** JSON Schema of the documents, for editors. */
import type { JsonValue } from "./canonical-json.ts";
import { documentShape, DOCUMENT_KINDS, type DocumentKind } from "./documents.ts";
import type { NumberShape, ObjectShape, Shape } from "./shape.ts";

type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** The JSON Schema (2020-12) of one kind, or of any document of a fleet repository. */
export function jsonSchema(kind?: DocumentKind): JsonObject {
  const head = { $schema: "https://json-schema.org/draft/2020-12/schema" };
  if (kind !== undefined) return { ...head, title: kind, ...schemaOf(documentShape(kind)) };
  const any = DOCUMENT_KINDS.map((name) => ({ title: name, ...schemaOf(documentShape(name)) }));
  return { ...head, title: "a document of a gitfleet repository", oneOf: any };
}

function schemaOf(shape: Shape): JsonObject {
  const description = shape.about;
  switch (shape.kind) {
    case "text":
      return { type: "string", description, pattern: shape.pattern };
    case "choice":
      return { type: "string", description, enum: shape.values };
    case "flag":
      return { type: "boolean", description };
    case "number":
      return { description, ...numberSchema(shape) };
    case "list":
      return { type: "array", description, items: schemaOf(shape.of), minItems: shape.min };
    case "map":
      return { type: "object", description, additionalProperties: schemaOf(shape.of) };
    case "object":
      return objectSchema(shape);
  }
}

function numberSchema(shape: NumberShape): JsonObject {
  const least = shape.aboveMin === true ? { exclusiveMinimum: shape.min } : { minimum: shape.min };
  return { type: shape.integer ? "integer" : "number", ...least, maximum: shape.max };
}

function objectSchema(shape: ObjectShape): JsonObject {
  const fields = [...shape.fields];
  const needed = fields.filter(([, field]) => field.required).map(([name]) => name);
  return {
    type: "object",
    description: shape.about,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field.shape)])),
    required: needed.length > 0 ? needed : undefined,
    oneOf: shape.exactlyOne?.map((name) => ({ required: [name] })),
    additionalProperties: false,
  };
}
