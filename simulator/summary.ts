/** What a simulation was, for people and for programs. */
import type { CommitTimes, Percentiles } from "./commit-times.ts";
import type { Standing } from "./simulated-fleet.ts";
import type { Tally } from "./tally.ts";

/** Everything that is told at the end. */
export interface Summary {
  readonly devices: number;
  readonly connections: number;
  /** Deployments that were seen. */
  readonly deployments: number;
  readonly standing: Standing;
  readonly tally: Tally;
  readonly commits: readonly CommitTimes[];
}

const COMMIT_LENGTH = 10;
const COLUMNS = ["p50", "p90", "p99", "max"] as const;

/** One JSON object. */
export function summaryJson({ standing, tally, ...rest }: Summary): string {
  return JSON.stringify({
    devices: rest.devices,
    connections: rest.connections,
    deployments: rest.deployments,
    wanted: standing.wanted,
    settled: standing.settled,
    phases: standing.phases,
    messages: tally.messages,
    states_written: tally.states,
    states_held: tally.held,
    heartbeats: tally.heartbeats,
    restarts: tally.restarts,
    disconnects: tally.cuts,
    retried: tally.retried,
    refused: tally.refused,
    commits: rest.commits.map(({ commit, values, reported, settled }) => ({
      commit,
      values,
      reported_ms: reported,
      settled_ms: settled,
    })),
  });
}

/** Lines for people; the first says it all. */
export function summaryText({ devices, connections, deployments, standing, tally, commits }: Summary): string {
  const { Running, Pending, Failed } = standing.phases;
  const { states } = tally;
  const lines = [
    `simulated ${devices} devices: ${tally.messages} messages sent; ` +
      `${Running} running, ${Pending} pending, ${Failed} failed`,
    `  ${counted(connections, "connection")}, ${counted(deployments, "deployment")} seen, ` +
      `${standing.settled} of ${counted(standing.wanted, "value")} settled`,
    `  states written: ${states.Pending} Pending, ${states.Running} Running, ${states.Failed} Failed, ` +
      `${states.deleted} taken back; ${tally.held} offered that were there`,
    `  ${counted(tally.restarts, "restart")}, ${counted(tally.cuts, "disconnect")}, ` +
      `${counted(tally.retried, "write")} tried again, ${tally.refused} refused`,
    ...commits.flatMap(commitLines),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function commitLines({ commit, values, reported, settled }: CommitTimes): string[] {
  const name = commit === null ? "without a commit" : `commit ${commit.slice(0, COMMIT_LENGTH)}`;
  return [
    `  ${name}: ${counted(values, "value")}`,
    `    to the first state (${reported.count}): ${percentilesText(reported)}`,
    `    to Running or Failed (${settled.count}): ${percentilesText(settled)}`,
  ];
}

function percentilesText(percentiles: Percentiles): string {
  if (percentiles.count === 0) return "none";
  return COLUMNS.map((name) => `${name} ${percentiles[name]} ms`).join(", ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
