/** What to run: the score, as authors write it and as devices read it. */
import type { JsonValue } from "./canonical-json.ts";
import type { PodmanV0, Score } from "./podman-v0.ts";
import { podmanV0Shape } from "./score-shape.ts";
import type { Shape, ValuePath } from "./shape.ts";
import { checkShape, quoted } from "./shape-check.ts";

export type * from "./podman-v0.ts";

/** How the type stands on the wire: `{"type":T,"data":D}` or `{T:D}`. */
export type ScoreTag = "adjacent" | "external";

/** What a reader made of a desired-state value. */
export type WireScore =
  | { readonly kind: "score"; readonly score: Score }
  /** Reported as Failed with an error that names the type; nothing is touched. */
  | { readonly kind: "unknown-type"; readonly type: string }
  /** Not a score at all; `error` is one line that a person can act on. */
  | { readonly kind: "malformed"; readonly error: string };

/** The value as it is tagged on the wire, before canonical JSON. */
export function taggedScore(score: { readonly type: string; readonly data: JsonValue }, tag: ScoreTag): JsonValue {
  return tag === "external" ? { [score.type]: score.data } : { type: score.type, data: score.data };
}

/**
 * Reads a desired-state value that is parsed JSON: both taggings, unknown fields dropped, null where a field is
 * optional read as absent.
 */
export function parseWireScore(json: unknown): WireScore {
  const tagged = readTag(json);
  if (tagged === null) return { kind: "malformed", error: 'the value is no score: expected {"type":…,"data":…}' };
  if (tagged.type !== "PodmanV0") return { kind: "unknown-type", type: tagged.type };
  const [issue] = checkShape(podmanV0Shape, tagged.data, { issuesMax: 1, lenient: true }).issues;
  if (issue !== undefined) return { kind: "malformed", error: `${pathText(issue.path)}: ${issue.message}` };
  return { kind: "score", score: { type: "PodmanV0", data: knownPart(podmanV0Shape, tagged.data) as PodmanV0 } };
}

/** Reads the text of a desired-state value; see `parseWireScore`. */
export function parseWireScoreText(text: string): WireScore {
  try {
    return parseWireScore(JSON.parse(text));
  } catch {
    return {
      kind: "malformed",
      error: "the value is not JSON; the reconciler writes it again when its commit is applied",
    };
  }
}

/** A path for people: `services[0].image`. */
export function pathText(path: ValuePath): string {
  const parts = path.map((part, index) => {
    if (typeof part === "number") return `[${part}]`;
    return index === 0 ? part : `.${part}`;
  });
  return parts.length === 0 ? "the value" : parts.join("");
}

function readTag(json: unknown): { type: string; data: unknown } | null {
  if (!isMapping(json)) return null;
  if (typeof json["type"] === "string" && Object.hasOwn(json, "data"))
    return { type: json["type"], data: json["data"] };
  const [type, ...more] = Object.keys(json);
  return type !== undefined && more.length === 0 && isMapping(json[type]) ? { type, data: json[type] } : null;
}

/** The value without what this version does not know. */
function knownPart(shape: Shape, value: unknown): unknown {
  if (shape.kind === "list" && Array.isArray(value)) return value.map((item) => knownPart(shape.of, item));
  if (shape.kind !== "object" || !isMapping(value)) return value;
  const known: Record<string, unknown> = {};
  for (const [name, field] of shape.fields) {
    const member = Object.hasOwn(value, name) ? value[name] : null;
    if (member !== null) known[name] = knownPart(field.shape, member);
  }
  return known;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One line about a score of a type that this version does not know. */
export function unknownTypeText(type: string): string {
  return `the score has type ${quoted(type)}, which this agent does not know; update the agent or use PodmanV0`;
}
