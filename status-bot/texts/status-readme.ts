/** `status/README.md`: the fleet at a glance, as the forge shows it. */
import type { Aggregate } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import { bar, code, count, short, table } from "./markdown.ts";
import { DEPLOYMENTS_FOLDER, NEXT_STEP, STATUS_FOLDER, type FleetFacts } from "./status-files.ts";

/** One line of the table. */
export interface DeploymentLine {
  readonly name: DeploymentName;
  readonly aggregate: Aggregate;
  /** Of its file, relative to the branch. */
  readonly path: string;
}

const LINES_MAX = 200;
const FAILURES_MAX = 20;

/** The page. `lines` are all deployments, sorted by name. */
export function statusReadme(facts: FleetFacts, lines: readonly DeploymentLine[]): string {
  const parts = [
    `# ${facts.record === null ? "Fleet" : code(facts.record.fleet)}: ${summary(facts)}`,
    commitsText(facts),
    devicesText(facts),
    deploymentsText(lines),
    failuresText(lines),
    "_Written by gitfleet from what the devices report. A device counts only once it has reported on the value that is wanted now._",
  ];
  return `${parts.filter((part) => part !== null).join("\n\n")}\n`;
}

function summary({ record, totals, devices }: FleetFacts): string {
  if (record === null) return "no reconciler has reported yet";
  if (record.refused !== null) return record.refused.reason === "held" ? "a commit is held" : "a commit is refused";
  if (totals.failed > 0) return `${totals.failed} failed`;
  const waited = totals.pending > 0 ? `${totals.pending} pending` : "all is well";
  return devices.offline > 0 ? `${waited}, ${devices.offline} offline` : waited;
}

function commitsText({ record }: FleetFacts): string | null {
  if (record === null) return null;
  const applied =
    record.applied === null
      ? "No commit has been applied yet."
      : `Commit ${code(short(record.applied))} of ${code(record.branch)} is applied.`;
  if (record.refused === null) return applied;
  const { commit, reason, message } = record.refused;
  const what = reason === "held" ? "held" : "refused";
  return [
    applied,
    `> [!WARNING]\n> Commit ${code(short(commit))} is **${what}**: ${code(message, 500)}\n>\n> What to do: ${NEXT_STEP[reason]}.`,
  ].join("\n\n");
}

function devicesText({ devices, totals }: FleetFacts): string {
  const { succeeded, matched, failed, pending, unverified } = totals;
  const others = unverified > 0 ? `, ${unverified} unverified` : "";
  const rows = [
    ["devices", `${devices.devices - devices.offline} online, ${devices.offline} offline, ${devices.paused} paused`],
    ["deployments", String(totals.deployments)],
    ["on devices", `${succeeded} of ${matched} succeeded, ${failed} failed, ${pending} pending${others}`],
  ];
  return table(["", ""], rows);
}

function deploymentsText(lines: readonly DeploymentLine[]): string | null {
  if (lines.length === 0) return "No deployment is on any device.";
  const shown = lines.length <= LINES_MAX ? lines : lines.toSorted(troubledFirst).slice(0, LINES_MAX);
  const rows = shown.map(({ name, aggregate, path }) => [
    `[${code(name)}](${relative(path)})`,
    `\`${bar(aggregate.succeeded, aggregate.matched)}\``,
    `${aggregate.succeeded}/${aggregate.matched}`,
    String(aggregate.failed),
    String(aggregate.pending),
    String(aggregate.offline),
  ]);
  const left = lines.length - shown.length;
  const more = left > 0 ? `\n\n_and ${count(left, "more deployment")} in [${DEPLOYMENTS_FOLDER}](deployments)_` : "";
  return `## Deployments\n\n${table(["deployment", "", " succeeded", " failed", " pending", " offline"], rows)}${more}`;
}

function troubledFirst(a: DeploymentLine, b: DeploymentLine): number {
  const { failed, pending } = a.aggregate;
  return b.aggregate.failed - failed || b.aggregate.pending - pending || (a.name < b.name ? -1 : 1);
}

function failuresText(lines: readonly DeploymentLine[]): string | null {
  const failing = lines.filter(({ aggregate }) => aggregate.failed > 0);
  if (failing.length === 0) return null;
  const rows = failing
    .toSorted(troubledFirst)
    .slice(0, FAILURES_MAX)
    .map(({ name, aggregate }) => [
      code(name),
      String(aggregate.failed),
      code(aggregate.last_error?.device_id ?? ""),
      code(aggregate.last_error?.message ?? ""),
    ]);
  const left = failing.length - rows.length;
  const more = left > 0 ? `\n\n_and ${count(left, "more deployment")}_` : "";
  return `## What failed\n\n${table(["deployment", " failed", "last on", "error"], rows)}${more}`;
}

function relative(path: string): string {
  return path.slice(STATUS_FOLDER.length + 1);
}

/** The message of a commit on the status branch. `number` counts since the branch was last squashed. */
export function statusCommitMessage(facts: FleetFacts, number: number): string {
  const { totals, record } = facts;
  const subject = `status: ${totals.succeeded} of ${totals.matched} succeeded, ${totals.failed} failed, ${totals.pending} pending`;
  const about = record?.applied === null || record === null ? [] : [`Applied: ${record.applied}`];
  return [subject, "", "[skip ci]", "", ...about, `${NUMBER_TRAILER}: ${number}`].join("\n");
}

/** How a status commit says how many there are, so that nobody has to read the history to know. */
export const NUMBER_TRAILER = "Gitfleet-Status-Number";
