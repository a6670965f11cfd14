/** The fields in which two values differ, for people. */
import type { JsonValue } from "#schema/canonical-json.ts";

/** One field that differs between two values; the path is such as `services[web].image`. */
export interface FieldDiff {
  readonly path: string;
  /** Shown text, or null where the field is not there. Values that look secret are masked. */
  readonly before: string | null;
  readonly after: string | null;
}

/** How a value that looks secret is shown. */
export const MASK = "•••";
const SECRET_NAME = /pass|secret|token|key|credential|auth|private|cert|dsn|cookie|session|salt|conn/i;
/** Where a secret stands: in the value of a variable, in the content of a file. */
const SECRET_FIELDS = new Set(["value", "content"]);
const SHOWN_MAX_LENGTH = 120;

/** The differing fields, in the order of their paths. Null stands for no value at all. */
export function fieldDiffs(before: string | null, after: string | null): FieldDiff[] {
  const [old, young] = [fieldsOf(before), fieldsOf(after)];
  const paths = [...new Set([...old.keys(), ...young.keys()])];
  const fields = paths
    .filter((path) => old.get(path)?.text !== young.get(path)?.text)
    .map((path) => diffOf(path, old.get(path), young.get(path)));
  return before === null || after === null || before === after ? fields : [...fields, ...formDiffs(before, after)];
}

/** How the value is tagged, where that changes: with nothing else it would be a change that nobody sees. */
function formDiffs(before: string, after: string): FieldDiff[] {
  const [old, young] = [tagOf(parse(before)), tagOf(parse(after))];
  return old === young ? [] : [{ path: "wire.scoreTag", before: old, after: young }];
}

/** A leaf of a value: its JSON text, and whether it may be shown. */
interface Leaf {
  readonly text: string;
  readonly secret: boolean;
}

function diffOf(path: string, old: Leaf | undefined, young: Leaf | undefined): FieldDiff {
  const shown = (leaf: Leaf | undefined): string | null =>
    leaf === undefined ? null : leaf.secret ? MASK : short(leaf.text);
  return { path, before: shown(old), after: shown(young) };
}

function short(text: string): string {
  return text.length <= SHOWN_MAX_LENGTH ? text : `${text.slice(0, SHOWN_MAX_LENGTH - 1).toWellFormed()}…`;
}

function fieldsOf(text: string | null): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  if (text !== null) collect(leaves, "", untagged(parse(text)), false);
  return leaves;
}

/** Values of a bucket may be anything; what is no JSON is shown as it is. */
function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Both ways to tag a score say the same: paths begin inside its data. The type is shown where it is not PodmanV0. */
function untagged(value: JsonValue): JsonValue {
  const tag = tagOf(value);
  if (tag === null || !isObject(value)) return value;
  return (tag === "adjacent" ? value["data"] : value["PodmanV0"]) ?? null;
}

function tagOf(value: JsonValue): "adjacent" | "external" | null {
  if (!isObject(value)) return null;
  if (value["type"] === "PodmanV0" && value["data"] !== undefined) return "adjacent";
  return Object.keys(value).length === 1 && value["PodmanV0"] !== undefined ? "external" : null;
}

function collect(leaves: Map<string, Leaf>, path: string, value: JsonValue, secret: boolean): void {
  if (isList(value) && value.length > 0) {
    const names = value.map((item, index) => nameOf(item) ?? String(index));
    const unique = new Set(names).size === names.length;
    for (const [index, item] of value.entries()) {
      const name = unique ? names[index] : String(index);
      collect(leaves, `${path}[${name}]`, item, secret || looksSecret(item));
    }
    return;
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined)
        collect(leaves, path === "" ? key : `${path}.${key}`, member, secret && SECRET_FIELDS.has(key));
    }
    return;
  }
  leaves.set(path, { text: JSON.stringify(value), secret });
}

/** What a list item is called by: a name, or where it is mounted. */
function nameOf(item: JsonValue): string | null {
  if (!isObject(item)) return null;
  const name = item["name"] ?? item["target"] ?? item["path"];
  return typeof name === "string" ? name : null;
}

/** An environment variable whose name, or a file whose path, says that the rest is nobody's business. */
function looksSecret(item: JsonValue): boolean {
  if (!isObject(item)) return false;
  const name = "content" in item ? item["path"] : item["name"];
  return typeof name === "string" && SECRET_NAME.test(name);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
