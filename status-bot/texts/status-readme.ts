/** `status/README.md`: the fleet at a glance, as the forge shows it. */
import type { Aggregate } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import { bar, code, count, short, table } from "./markdown.ts";
import { DEPLOYMENTS_FOLDER, NEXT_STEP, STATUS_FOLDER, type FleetFacts } from "./status-files.ts";

/** A deployment and how it stands. */
export interface NamedAggregate {
  readonly name: DeploymentName;
  readonly aggregate: Aggregate;
}

/** One line of the table. */
export interface DeploymentLine extends NamedAggregate {
  /** Of its file, relative to the branch. */
  readonly path: string;
}

/** What the page says of single deployments. */
export interface ShownDeployments {
  /** All of them by name, or, where they are more than `LINES_MAX`, so many of them by `troubledFirst`. */
  readonly lines: readonly DeploymentLine[];
  /** By `troubledFirst`, at most `FAILURES_MAX`. */
  readonly failing: readonly NamedAggregate[];
  /** How many fail. */
  readonly failingTotal: number;
}

export const LINES_MAX = 200;
export const FAILURES_MAX = 20;

/** The page. */
export function statusReadme(facts: FleetFacts, shown: ShownDeployments): string {
  const parts = [
    `# ${facts.record === null ? "Fleet" : code(facts.record.fleet)}: ${summary(facts)}`,
    commitsText(facts),
    devicesText(facts),
    deploymentsText(shown, facts.totals.deployments),
    failuresText(shown),
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

function deploymentsText({ lines }: ShownDeployments, total: number): string {
  if (total === 0) return "No deployment is on any device.";
  const rows = lines.map(({ name, aggregate, path }) => [
    `[${code(name)}](${relative(path)})`,
    `\`${bar(aggregate.succeeded, aggregate.matched)}\``,
    `${aggregate.succeeded}/${aggregate.matched}`,
    String(aggregate.failed),
    String(aggregate.pending),
    String(aggregate.offline),
  ]);
  const left = total - lines.length;
  const more = left > 0 ? `\n\n_and ${count(left, "more deployment")} in [${DEPLOYMENTS_FOLDER}](deployments)_` : "";
  return `## Deployments\n\n${table(["deployment", "", " succeeded", " failed", " pending", " offline"], rows)}${more}`;
}

/** The order in which a person wants to look at them. */
export function troubledFirst(a: NamedAggregate, b: NamedAggregate): number {
  const { failed, pending } = a.aggregate;
  return b.aggregate.failed - failed || b.aggregate.pending - pending || (a.name < b.name ? -1 : 1);
}

function failuresText({ failing, failingTotal }: ShownDeployments): string | null {
  if (failingTotal === 0) return null;
  const rows = failing.map(({ name, aggregate }) => [
    code(name),
    String(aggregate.failed),
    code(aggregate.last_error?.device_id ?? ""),
    code(aggregate.last_error?.message ?? ""),
  ]);
  const left = failingTotal - rows.length;
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
