/** The agent's settings file as `agent install` writes it, and how it is told from one that a person has edited. */
import { createHash } from "node:crypto";
import { load } from "js-yaml";

/** A value as it stands in the file. */
export type FileValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;
/** By the key in the file, which is the option's name. */
export type FileValues = Readonly<Record<string, FileValue>>;

const SEAL = "# As gitfleet wrote it: ";

/** The text of the file; equal values give equal bytes. */
export function settingsText(values: FileValues): string {
  const sorted = Object.entries(values).toSorted(([a], [b]) => order(a) - order(b));
  const body = `# Settings of the gitfleet agent on this device: the options of \`gitfleet agent --help\`, without the dashes.
# Edit it freely: \`gitfleet agent install\` never overwrites a file that a person has changed.
${sorted.map(([key, value]) => `${key}:${yaml(value)}\n`).join("")}`;
  return `${body}${SEAL}${digest(body)}\n`;
}

/** True where nobody has changed the file since gitfleet wrote it. */
export function isUntouched(text: string): boolean {
  const at = text.lastIndexOf(SEAL);
  return at >= 0 && text.slice(at + SEAL.length) === `${digest(text.slice(0, at))}\n`;
}

/** True of a file in which everything is a comment, as packages bring one: nobody has decided anything yet. */
export function saysNothing(text: string): boolean {
  return text.split("\n").every((line) => /^\s*(?:#|$)/.test(line));
}

/** What an untouched file holds. */
export function valuesIn(text: string): FileValues {
  return (load(text) ?? {}) as FileValues;
}

// Every JSON text is YAML: strings stand in quotes, so that none of them can mean anything else.
function yaml(value: FileValue): string {
  if (typeof value !== "object") return ` ${JSON.stringify(value)}`;
  const lines = Array.isArray(value)
    ? (value as string[]).map((item) => `- ${JSON.stringify(item)}`)
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`);
  if (lines.length === 0) return Array.isArray(value) ? " []" : " {}";
  return lines.map((line) => `\n  ${line}`).join("");
}

function digest(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Who the device is comes first, then the way to NATS, then the rest. */
function order(key: string): number {
  const at = ["device-id", "labels", "nats"].findIndex((first) => key === first || key.startsWith(`${first}-`));
  return at < 0 ? 3 : at;
}
