/** One distinct change in a comment: a field diff that folds away, with the devices it is for. */
import type { DistinctChange } from "#fleet/distinct-changes.ts";
import type { FieldDiff } from "#fleet/field-diff.ts";
import { count, fenced, names, oneLine } from "./markdown.ts";

const DEVICES_MAX = 50;
const FIELDS_MAX = 100;
const LINE_MAX_CHARS = 500;
const VALUE_LINES_MAX = 40;

/** A `<details>` block, closed until somebody opens it. */
export function changeSection(change: DistinctChange): string {
  const summary = `<b>${tag(change.deployment)}</b>: ${verb(change)} on ${count(change.devices.length, "device")}`;
  const diff = change.fields.length === 0 ? [] : ["", fenced(diffLines(change.fields), "diff")];
  const devices = ["", `On ${names(change.devices, DEVICES_MAX)}`];
  return [`<details><summary>${summary}</summary>`, ...diff, ...devices, "", "</details>"].join("\n");
}

function verb({ action }: DistinctChange): string {
  switch (action) {
    case "add":
      return "added";
    case "update":
      return "updated";
    case "remove":
      return "removed";
  }
}

function diffLines(fields: readonly FieldDiff[]): string[] {
  const lines = fields
    .slice(0, FIELDS_MAX)
    .flatMap(({ path, before, after }) => [`  ${cut(path)}`, ...valueLines("-", before), ...valueLines("+", after)]);
  return fields.length > FIELDS_MAX ? [...lines, `  … and ${fields.length - FIELDS_MAX} more fields`] : lines;
}

function valueLines(sign: string, value: string | null): string[] {
  if (value === null) return [];
  const lines = value.split("\n");
  const shown = lines.slice(0, VALUE_LINES_MAX).map((line) => `${sign} ${cut(line)}`);
  return lines.length > VALUE_LINES_MAX
    ? [...shown, `${sign} … and ${lines.length - VALUE_LINES_MAX} more lines`]
    : shown;
}

function cut(line: string): string {
  const text = line.replaceAll("\r", "");
  return text.length <= LINE_MAX_CHARS ? text : `${text.slice(0, LINE_MAX_CHARS).toWellFormed()}…`;
}

// A summary is HTML: Markdown's code spans do not work there.
function tag(text: string): string {
  return oneLine(text, 300).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
