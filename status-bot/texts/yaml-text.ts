/** Values as block YAML: a fraction of the cost of a general library, which 10,000 files at a start would feel. */

/** What status files hold. Members that are undefined are left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

// Words that YAML 1.2 (and most readers of 1.1) take for nothing but themselves.
const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/;
const MEANT_OTHERWISE = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
// Commits look the same whether they begin with a digit or a letter.
const COMMIT = /^[0-9a-f]{40}$/;

/** The text of a mapping, with a newline at its end. */
export function yamlText(value: { readonly [key: string]: YamlValue | undefined }): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: { readonly [key: string]: YamlValue | undefined }): string[] {
  return Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : memberLines(key, member)));
}

function memberLines(key: string, value: YamlValue): string[] {
  const name = scalar(key);
  if (value === null || typeof value !== "object") return [`${name}: ${scalar(value)}`];
  const below = isList(value) ? value.flatMap(itemLines) : lines(value);
  if (below.length === 0) return [`${name}: ${isList(value) ? "[]" : "{}"}`];
  return [`${name}:`, ...below.map((line) => `  ${line}`)];
}

function itemLines(value: YamlValue): string[] {
  if (value === null || typeof value !== "object") return [`- ${scalar(value)}`];
  const below = isList(value) ? value.flatMap(itemLines) : lines(value);
  if (below.length === 0) return [`- ${isList(value) ? "[]" : "{}"}`];
  return below.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
}

// Every JSON string is a YAML string.
function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return PLAIN.test(value) && !MEANT_OTHERWISE.test(value) && !COMMIT.test(value) ? value : JSON.stringify(value);
}

// Array.isArray does not narrow readonly arrays.
function isList(value: object): value is readonly YamlValue[] {
  return Array.isArray(value);
}
