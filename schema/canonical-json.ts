/** Canonical JSON (RFC 8785), so that equal intent is equal bytes. */

/** What JSON can say. `undefined` members of objects are left out, as JSON.stringify does. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/**
 * The canonical JSON text of a value: members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them (RFC 8785 section 3.2.2). Throws a TypeError for what I-JSON cannot carry: numbers that are
 * not finite and strings with lone surrogates.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return stringText(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members: string[] = [];
  // The default sort of strings compares UTF-16 code units, which is what RFC 8785 section 3.2.3 asks for.
  for (const key of Object.keys(value).toSorted()) {
    const member = value[key];
    if (member !== undefined) members.push(`${stringText(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`);
  return JSON.stringify(value);
}

function stringText(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("canonical JSON has no lone surrogates");
  return JSON.stringify(value);
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
