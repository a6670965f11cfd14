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
/** The words that are not text. */
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);
/** The longest of them. */
const WORD_LENGTH_MAX = 5;

/** The value of an untagged plain scalar. */
export function resolvePlain(text: string): unknown {
  if (text.length <= WORD_LENGTH_MAX) {
    const word = WORDS.get(text);
    if (word !== undefined) return word;
  }
  return mayBeNumber(text.charCodeAt(0)) ? (resolveNumber(text) ?? text) : text;
}

/** A number begins with a digit, a sign or a point. */
function mayBeNumber(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e;
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
