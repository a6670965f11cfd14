/** What `gitfleet status` says, for people: commits first, then a line and a bar for each deployment. */
import { plainLine } from "#fleet/escape.ts";
import type { Aggregate, TroubledDevice } from "#fleet/aggregate.ts";
import { parseWireTime } from "#schema/time.ts";
import type { ReconcilerRecord, Refusal } from "#schema/wire.ts";
import type { Paint } from "../io.ts";
import { table } from "../table.ts";
import type { DeploymentStatus, FleetStatus } from "./status.ts";

/** Withheld devices beyond this many are only counted. */
const WITHHELD_SHOWN_MAX = 5;

/** Where the text is shown. */
export interface StatusTextOptions {
  readonly paint: Paint;
  /** By the server's clock. */
  readonly nowMs: number;
  /** Deployments beyond this many are only counted; all of them when left out. */
  readonly deploymentsMax?: number;
}

/** The whole text. */
export function statusText(status: FleetStatus, options: StatusTextOptions): string {
  return [
    commitText(status, options),
    devicesText(status, options.paint),
    "\n",
    deploymentsText(status.deployments, options),
    ...(status.troubled === null
      ? []
      : [
          troubledText("failed", status.troubled.failed, status.troubled.failedTotal, options),
          troubledText("pending", status.troubled.pending, status.troubled.pendingTotal, options),
        ]),
  ].join("");
}

function commitText({ record, reconcilerAlive }: FleetStatus, { paint, nowMs }: StatusTextOptions): string {
  const lines: string[][] = [];
  if (record === null) {
    lines.push(["commit", paint("yellow", "none: no reconciler has written to this NATS yet")]);
  } else {
    lines.push(["fleet", `${paint("bold", plainLine(record.fleet))}, branch ${plainLine(record.branch)}`]);
    lines.push(["applied", appliedText(record, { paint, nowMs })]);
    if (record.paused === true) {
      lines.push([
        "paused",
        paint("yellow", "the whole fleet: nothing is written to devices until fleet.yaml ends it"),
      ]);
    }
    if (record.withheld !== undefined) lines.push(...withheldRows(record.withheld, paint));
    if (record.applying !== null) lines.push(["applying", paint("cyan", short(record.applying))]);
    if (record.refused !== null) lines.push(...refusedRows(record.refused, paint));
  }
  if (!reconcilerAlive) {
    lines.push(["note", paint("yellow", "no reconciler is running: new commits are not noticed")]);
  }
  return table(lines);
}

function appliedText(record: ReconcilerRecord, { paint, nowMs }: { paint: Paint; nowMs: number }): string {
  if (record.applied === null) return paint("yellow", "nothing yet");
  const atMs = record.applied_at === null ? null : parseWireTime(record.applied_at);
  const when = atMs === null ? "" : `, ${ageText(nowMs - atMs)} ago`;
  const inStep =
    record.head === record.applied && record.paused !== true ? paint("green", " (in step with the branch)") : "";
  return `${paint("bold", short(record.applied))}${when}${inStep}`;
}

// Devices that fail a rule keep what they have: nobody would see it otherwise.
function withheldRows({ total, devices }: NonNullable<ReconcilerRecord["withheld"]>, paint: Paint): string[][] {
  const shown = devices.slice(0, WITHHELD_SHOWN_MAX);
  const rows = shown.map(({ device_id, reason }, index) => [
    index === 0 ? paint("yellow", "withheld") : "",
    `${plainLine(device_id)} keeps what it has: ${plainLine(reason)}`,
  ]);
  return total > shown.length ? [...rows, ["", `and ${total - shown.length} more`]] : rows;
}

// The word, why, and what to do: a person who reads this wants to get on.
function refusedRows(refused: Refusal, paint: Paint): string[][] {
  const commit = paint("bold", short(refused.commit));
  const message = plainLine(refused.message);
  switch (refused.reason) {
    case "invalid":
      return [
        [paint("red", "refused"), `${commit}: ${message}`],
        ["next", "run `gitfleet validate` in the repository, mend what it says, commit and push"],
      ];
    case "held":
      return [
        [paint("yellow", "held"), `${commit}: ${message}`],
        ["next", "if it is meant, push a commit with the trailer `Gitfleet-Allow-Prune: true`;"],
        ["", "if not, push one that removes less: the hold ends by itself"],
      ];
  }
}

function devicesText({ devices }: FleetStatus, paint: Paint): string {
  const offline = devices.offline === 0 ? "none offline" : paint("yellow", `${devices.offline} offline`);
  const paused = devices.paused === 0 ? "" : `, ${devices.paused} paused`;
  return `devices  ${devices.known}, ${offline}${paused}\n`;
}

const HEADER = ["DEPLOYMENT", "MATCHED", "RUNNING", "PENDING", "FAILED", "OFFLINE", "", ""];

function deploymentsText(all: readonly DeploymentStatus[], { paint, deploymentsMax }: StatusTextOptions): string {
  if (all.length === 0) return "no deployment is on any device\n";
  const shown = deploymentsMax === undefined ? all : worstFirst(all).slice(0, Math.max(1, deploymentsMax));
  const rows = shown.map((one) => deploymentRow(one, paint));
  const rest = all.length - shown.length;
  const more = rest === 0 ? "" : paint("dim", `and ${rest} more: gitfleet status\n`);
  return table([HEADER.map((cell) => paint("dim", cell)), ...rows], { right: [1, 2, 3, 4, 5] }) + more;
}

// Where not all fit, those that need a person come first.
function worstFirst(all: readonly DeploymentStatus[]): DeploymentStatus[] {
  return all.toSorted((a, b) => b.aggregate.failed - a.aggregate.failed || b.aggregate.pending - a.aggregate.pending);
}

function deploymentRow({ deployment, aggregate, paused }: DeploymentStatus, paint: Paint): string[] {
  const { matched, succeeded, pending, failed, offline, last_error: error } = aggregate;
  const blame = error === null ? "" : paint("red", `${plainLine(error.device_id)}: ${plainLine(error.message)}`);
  return [
    plainLine(deployment),
    String(matched),
    succeeded === 0 ? "0" : paint("green", String(succeeded)),
    pending === 0 ? "0" : paint("yellow", String(pending)),
    failed === 0 ? "0" : paint("red", String(failed)),
    String(offline),
    `${bar(aggregate, paint)} ${percentText(aggregate)}${paused ? " paused" : ""}`,
    blame,
  ];
}

const BAR_CELLS = 20;

/** Running, failed and pending as 20 cells; what is there at all gets at least one. */
export function bar({ matched, succeeded, failed }: Aggregate, paint: Paint): string {
  if (matched === 0) return " ".repeat(BAR_CELLS);
  const failedCells = failed === 0 ? 0 : Math.max(1, Math.round((failed / matched) * BAR_CELLS));
  // Rounded down: a full bar means that every device runs it.
  const doneCells = Math.min(BAR_CELLS - failedCells, Math.floor((succeeded / matched) * BAR_CELLS));
  const waiting = BAR_CELLS - failedCells - doneCells;
  return (
    paint("green", "█".repeat(doneCells)) + paint("red", "▒".repeat(failedCells)) + paint("dim", "░".repeat(waiting))
  );
}

function percentText({ matched, succeeded }: Aggregate): string {
  return matched === 0 ? "" : `${String(Math.floor((succeeded / matched) * 100)).padStart(3)}%`;
}

function troubledText(
  word: string,
  devices: readonly TroubledDevice[],
  total: number,
  { paint }: StatusTextOptions,
): string {
  if (total === 0) return "";
  const rows = devices.map(({ device, offline, error }) => [
    device,
    offline ? paint("yellow", "offline") : "",
    error === null ? "" : plainLine(error),
  ]);
  const rest = total - devices.length;
  const more = rest === 0 ? "" : `  and ${rest} more\n`;
  return `\n${paint("bold", `${word}: ${total}`)}\n${table(rows, { indent: 2 })}${more}`;
}

/** The first digits of a commit's id: enough to find it. */
export function short(commit: string): string {
  return plainLine(commit.slice(0, 10));
}

/** `12 s`, `5 min`, `3 h`, `2 days`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
