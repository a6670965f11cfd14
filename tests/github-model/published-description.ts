/** GitHub's own OpenAPI description, and the judgement of what goes over the wire against it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Delivery } from "#sandbox/github-model/webhooks.ts";
import type { Exchange } from "#sandbox/github-model/exchange.ts";
import type { Inspector } from "#sandbox/github-model/github-model.ts";
import { createSchemaChecks, type JsonObject, type SchemaChecks } from "./schema-checks.ts";

/** The smallest file of the package that describes github.com whole: with references, not expanded. */
const FILE = "@octokit/openapi/generated/api.github.com.json";
/** What any operation may answer although its own entry is silent: described in GitHub's prose, not for each operation. */
const ANYWHERE: Readonly<Record<number, string>> = {
  400: "basic-error",
  401: "basic-error",
  403: "basic-error",
  404: "basic-error",
  422: "validation-error",
  429: "basic-error",
  500: "basic-error",
  502: "basic-error",
  503: "basic-error",
  504: "basic-error",
};

interface Description {
  readonly paths: Record<string, Record<string, JsonObject>>;
  readonly "x-webhooks": Record<string, { post: JsonObject }>;
  readonly components: { parameters: JsonObject; responses: JsonObject; schemas: JsonObject };
}

let known: Inspector | null = null;

/** Reads the description once for each process; compiles the checks of an operation when it is first met. */
export function publishedDescription(): Inspector {
  known ??= inspectorOf(JSON.parse(readFileSync(createRequire(import.meta.url).resolve(FILE), "utf8")) as Description);
  return known;
}

function inspectorOf(description: Description): Inspector {
  const checks = createSchemaChecks(description);
  return {
    exchange(exchange) {
      const where = `${exchange.method} ${exchange.path} → ${exchange.status}`;
      return problemsOf(description, checks, exchange).map((problem) => `${where}: ${problem}`);
    },
    delivery: (delivery) => deliveryProblems(description, checks, delivery),
  };
}

function problemsOf(description: Description, checks: SchemaChecks, exchange: Exchange): string[] {
  if (exchange.operation === null) return ["the model has no such operation; write it in sandbox/github-model/routes"];
  const [verb = "", template = ""] = exchange.operation.split(" ");
  const operation = description.paths[template]?.[verb.toLowerCase()];
  if (operation === undefined) return ["GitHub's description has no such operation"];
  return [
    ...parameterProblems(description, checks, exchange, operation),
    ...requestProblems(checks, exchange, operation),
    ...answerProblems(description, checks, exchange, operation),
  ];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: JsonObject;
}

function parameterProblems(
  description: Description,
  checks: SchemaChecks,
  exchange: Exchange,
  operation: JsonObject,
): string[] {
  const all = (Array.isArray(operation["parameters"]) ? operation["parameters"] : []) as JsonObject[];
  const parameters = all.map((entry) => resolved(description, entry) as unknown as Parameter);
  const query = Object.fromEntries(new URLSearchParams(exchange.path.split("?")[1] ?? ""));
  const given = { path: exchange.params, query };
  return (["path", "query"] as const).flatMap((place) => {
    const schema = parameterSchema(parameters.filter((parameter) => parameter.in === place));
    const key = `${exchange.operation} ${place}`;
    return checks.texts(key, schema, given[place]).map((problem) => `${place} parameters: ${problem}`);
  });
}

function parameterSchema(parameters: readonly Parameter[]): JsonObject {
  return {
    type: "object",
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  };
}

function requestProblems(checks: SchemaChecks, exchange: Exchange, operation: JsonObject): string[] {
  const described = operation["requestBody"] as { required?: boolean; content: JsonObject } | undefined;
  if (exchange.requestBody === undefined) return described?.required === true ? ["the request has no body"] : [];
  // Clients send `{}` where there is nothing to say.
  const isEmpty = JSON.stringify(exchange.requestBody) === "{}";
  if (described === undefined) return isEmpty ? [] : ["the request has a body and should have none"];
  const schema = jsonSchemaOf(described.content);
  if (schema === null) return [];
  return checks
    .json(`${exchange.operation} request`, schema, exchange.requestBody)
    .map((problem) => `request${problem}`);
}

function answerProblems(
  description: Description,
  checks: SchemaChecks,
  exchange: Exchange,
  operation: JsonObject,
): string[] {
  const { status, responseBody, fault } = exchange;
  if (status === null) return [];
  const described = (operation["responses"] as JsonObject)[String(status)] as JsonObject | undefined;
  const schema = described === undefined ? fallback(status) : jsonSchemaOf(resolved(description, described)["content"]);
  if (schema === undefined) return [`GitHub's description has no answer ${status}`];
  if (schema === null) return responseBody === undefined ? [] : ["the answer has a body and should have none"];
  if (fault === "status") return [];
  return checks.json(`${exchange.operation} ${status}`, schema, responseBody).map((problem) => `answer${problem}`);
}

/** Undefined where nothing is known of such an answer, null where it has no body. */
function fallback(status: number): JsonObject | null | undefined {
  if (status === 304) return null;
  const name = ANYWHERE[status];
  return name === undefined ? undefined : { $ref: `#/components/schemas/${name}` };
}

function deliveryProblems(description: Description, checks: SchemaChecks, { event, payload }: Delivery): string[] {
  const action = typeof payload["action"] === "string" ? `-${payload["action"]}` : "";
  const name = `${event.replaceAll("_", "-")}${action}`;
  const body = description["x-webhooks"][name]?.post["requestBody"] as { content: JsonObject } | undefined;
  if (body === undefined) return [`webhook ${name}: GitHub's description has no such event`];
  const schema = jsonSchemaOf(body.content);
  if (schema === null) return [];
  return checks.json(`webhook ${name}`, schema, payload).map((problem) => `webhook ${name}${problem}`);
}

/** The schema of a JSON body; null where there is none. */
function jsonSchemaOf(content: unknown): JsonObject | null {
  const json = (content as Record<string, { schema?: JsonObject }> | undefined)?.["application/json"];
  return json?.schema ?? null;
}

function resolved(description: Description, entry: JsonObject): JsonObject {
  const reference = entry["$ref"];
  if (typeof reference !== "string") return entry;
  const [, , kind = "", name = ""] = reference.split("/");
  const found = description.components[kind as "parameters" | "responses"][name];
  return found as JsonObject;
}
