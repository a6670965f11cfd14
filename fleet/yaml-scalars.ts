/** What scalars mean in YAML 1.2's core schema. */

/** Given where a tag is unknown or does not fit its text. */
export const UNRESOLVED = Symbol("unresolved");

/** The tags of the core schema, in both spellings that need no directive, and what each is. */
export const CORE_TAGS: ReadonlyMap<string, "str" | "null" | "bool" | "int" | "float" | "map" | "seq"> = new Map(
  (["str", "null", "bool", "int", "float", "map", "seq"] as const).flatMap((name) => [
    [`!!${name}`, name] as const,
    [`!<tag:yaml.org,2002:${name}>`, name] as const,
  ]),
);

const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITE = /^([-+])?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
/** Only these can begin something that is not text. */
const MAYBE_NOT_TEXT = /^[-+.0-9~nNtTfF]|^$/;

/** The value of an untagged plain scalar. */
export function resolvePlain(text: string): unknown {
  if (!MAYBE_NOT_TEXT.test(text)) return text;
  switch (text) {
    case "":
    case "~":
    case "null":
    case "Null":
    case "NULL":
      return null;
    case "true":
    case "True":
    case "TRUE":
      return true;
    case "false":
    case "False":
    case "FALSE":
      return false;
    default:
      return resolveNumber(text) ?? text;
  }
}

/** The value of a scalar with a tag, or UNRESOLVED. */
export function resolveTagged(tag: string, text: string): unknown {
  if (tag === "!") return text;
  const name = CORE_TAGS.get(tag);
  if (name === undefined || name === "map" || name === "seq") return UNRESOLVED;
  if (name === "str") return text;
  const value = resolvePlain(text);
  if (name === "null") return value === null ? null : UNRESOLVED;
  if (name === "bool") return typeof value === "boolean" ? value : UNRESOLVED;
  if (typeof value !== "number") return UNRESOLVED;
  return name === "float" || INTEGER.test(text) ? value : UNRESOLVED;
}

function resolveNumber(text: string): number | null {
  if (INTEGER.test(text)) return Number(text.startsWith("+") ? text.slice(1) : text);
  if (FLOAT.test(text)) return Number.parseFloat(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return NOT_A_NUMBER.test(text) ? Number.NaN : null;
}
