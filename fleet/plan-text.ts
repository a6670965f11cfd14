/** A plan as people and programs read it: text, Markdown, JSON. */
import type { JsonValue } from "#schema/canonical-json.ts";
import type { DeviceId } from "#schema/names.ts";
import { distinctChanges, type DistinctChange } from "./distinct-changes.ts";
import { codeSpan, htmlText, plainLine } from "./escape.ts";
import { MASK, type FieldDiff } from "./field-diff.ts";
import type { Plan } from "./plan.ts";

/** How words are coloured; each gives its text back where nothing is. */
export interface Paint {
  readonly add: (text: string) => string;
  readonly update: (text: string) => string;
  readonly remove: (text: string) => string;
  readonly dim: (text: string) => string;
}

const NO_PAINT: Paint = { add: same, update: same, remove: same, dim: same };
const DEVICES_NAMED_MAX = 5;
const FIELDS_SHOWN_MAX = 40;
/** Forges refuse comments above 65,536 characters. */
const MARKDOWN_MAX_LENGTH = 60_000;
const SIGNS = { add: "+", update: "~", remove: "-" } as const;
const WORDS = { add: "add to", update: "update on", remove: "remove from" } as const;

/** The commits of a plan, by full id; null where there is none, or a folder stands in its place. */
export interface PlanCommits {
  readonly base: string | null;
  readonly head: string | null;
}

/** The plan as JSON: only counts, who changes how, and warnings. */
export function planJson(plan: Plan, commits: PlanCommits): { readonly [key: string]: JsonValue } {
  return {
    base: commits.base,
    head: commits.head,
    added: plan.added,
    updated: plan.updated,
    removed: plan.removed,
    changes: Array.from(plan.changes, ({ device, deployment, action }) => ({ device, deployment, action })),
    warnings: plan.warnings.map(({ code, message }) => ({ code, message })),
  };
}

/** One line: `2 added, 1 updated, 0 removed`. */
export function planSummary(plan: Plan): string {
  if (plan.changes.length === 0) return "nothing changes";
  return `${plan.added} added, ${plan.updated} updated, ${plan.removed} removed`;
}

/** The plan for a terminal, with the field diff of each distinct change. Ends with a line break. */
export function planText(plan: Plan, paint: Paint = NO_PAINT): string {
  const blocks = distinctChanges(plan).map((change) => changeText(change, paint));
  const warnings = plan.warnings.map(({ code, message }) => paint.dim(`${code}: ${plainLine(message)}`));
  const last = [...warnings, planSummary(plan)].join("\n");
  return `${[...blocks, last].join("\n\n")}\n`;
}

function changeText(change: DistinctChange, paint: Paint): string {
  const head = `${paint[change.action](`${SIGNS[change.action]} ${plainLine(change.deployment)}`)}: ${WORDS[change.action]} ${devicesText(change.devices)}`;
  const shown = change.fields.slice(0, FIELDS_SHOWN_MAX);
  const width = Math.max(0, ...shown.map(({ path }) => path.length));
  const lines = shown.map((field) => `    ${plainLine(field.path).padEnd(width)}  ${fieldText(field, paint)}`);
  const more = change.fields.length - shown.length;
  return [head, ...lines, ...(more > 0 ? [`    and ${more} more fields`] : [])].join("\n");
}

function fieldText({ before, after }: FieldDiff, paint: Paint): string {
  if (before === MASK && after === MASK) return `${MASK} ${paint.dim("changed")}`;
  const old = before === null ? null : paint.remove(plainLine(before));
  const young = after === null ? null : paint.add(plainLine(after));
  if (old === null) return young ?? "";
  return young === null ? `${old} ${paint.dim("→ left out")}` : `${old} ${paint.dim("→")} ${young}`;
}

/** `kiosk-0001, kiosk-0002 and 40 more devices`. */
function devicesText(devices: readonly DeviceId[]): string {
  const named = devices.slice(0, DEVICES_NAMED_MAX);
  const more = devices.length - named.length;
  const count = `${devices.length} ${devices.length === 1 ? "device" : "devices"}`;
  return `${count}: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The plan for a pull request: bounded, and safe whatever the repository says. */
export function planMarkdown(plan: Plan): string {
  const changes = distinctChanges(plan);
  const parts = [`**${planSummary(plan)}**`];
  if (changes.length > 0) parts.push(overviewTable(changes));
  if (plan.warnings.length > 0) parts.push(plan.warnings.map(({ message }) => `- ${codeSpan(message)}`).join("\n"));
  let length = parts.join("\n\n").length;
  let left = 0;
  for (const change of changes.filter(({ fields }) => fields.length > 0)) {
    const block = changeMarkdown(change);
    if (length + block.length > MARKDOWN_MAX_LENGTH) left++;
    else {
      parts.push(block);
      length += block.length + 2;
    }
  }
  if (left > 0) parts.push(`${left} more changes are not shown here; run \`gitfleet plan\` to see them.`);
  return bounded(`${parts.join("\n\n")}\n`);
}

/** So many rows of the overview, and of its devices, that it always leaves room for the details. */
const OVERVIEW_ROWS_MAX = 50;

function overviewTable(changes: readonly DistinctChange[]): string {
  const rows = changes
    .slice(0, OVERVIEW_ROWS_MAX)
    .map(({ action, deployment, devices }) => `| ${codeSpan(deployment)} | ${action} | ${devicesText(devices)} |`);
  const more = changes.length - rows.length;
  const rest = more > 0 ? [`| … | | ${more} more changes |`] : [];
  return ["| deployment | action | devices |", "| --- | --- | --- |", ...rows, ...rest].join("\n");
}

function changeMarkdown({ action, deployment, devices, fields }: DistinctChange): string {
  const summary = `<summary>${htmlText(deployment)}: ${WORDS[action]} ${devicesText(devices)}</summary>`;
  const shown = fields.slice(0, FIELDS_SHOWN_MAX);
  const lines = shown.flatMap(diffLines);
  const more = fields.length - shown.length;
  const rest = more > 0 ? [`  and ${more} more fields`] : [];
  return ["<details>", summary, "", "```diff", ...lines, ...rest, "```", "", "</details>"].join("\n");
}

function diffLines({ path, before, after }: FieldDiff): string[] {
  if (before === MASK && after === MASK) return [diffLine("!", path, `${MASK} changed`)];
  return [
    ...(before === null ? [] : [diffLine("-", path, before)]),
    ...(after === null ? [] : [diffLine("+", path, after)]),
  ];
}

/** Nothing in a line can end the code block, as no line begins with a fence. */
function diffLine(sign: "+" | "-" | "!", path: string, value: string): string {
  return `${sign} ${plainLine(path)}: ${plainLine(value).replaceAll("<!--", "<!\u200b--")}`;
}

function bounded(text: string): string {
  return text.length <= MARKDOWN_MAX_LENGTH + 4_000
    ? text
    : `${text.slice(0, MARKDOWN_MAX_LENGTH).toWellFormed()}\n…\n`;
}

function same(text: string): string {
  return text;
}
