/** Every metric of the reconciler. */
import { createMetrics, type MetricDefinition, type Metrics } from "#runtime/metrics.ts";
import { stanceOf } from "./core/stance.ts";
import type { State } from "./core/state.ts";

const table = {
  polls: { kind: "counter", name: "gitfleet_reconciler_polls_total", help: "Times the repository was asked for news." },
  pollsFailed: { kind: "counter", name: "gitfleet_reconciler_polls_failed_total", help: "Polls that failed." },
  applied: {
    kind: "counter",
    name: "gitfleet_reconciler_commits_applied_total",
    help: "Commits applied by this process.",
  },
  written: {
    kind: "counter",
    name: "gitfleet_reconciler_writes_total",
    help: "Messages of desired-state: put, delete (a marker), unmark (a marker taken away).",
    labels: ["kind"],
  },
  writesFailed: {
    kind: "counter",
    name: "gitfleet_reconciler_writes_failed_total",
    help: "Writes that failed and are tried again.",
  },
  drift: {
    kind: "counter",
    name: "gitfleet_reconciler_drift_total",
    help: "Keys that somebody else changed, deleted or added.",
    labels: ["kind"],
  },
  dropped: {
    kind: "counter",
    name: "gitfleet_reconciler_dropped_payloads_total",
    help: "Payloads of other writers that could not be used.",
    labels: ["bucket"],
  },
  desiredKeys: { kind: "gauge", name: "gitfleet_reconciler_desired_keys", help: "Keys that desired-state holds." },
  openKeys: {
    kind: "gauge",
    name: "gitfleet_reconciler_open_keys",
    help: "Keys that still differ from what is pursued.",
  },
  stance: {
    kind: "gauge",
    name: "gitfleet_reconciler_stance",
    help: "1 for what the reconciler is doing: pursue, refuse, foreign-fleet or wait.",
    labels: ["stance"],
  },
  refused: {
    kind: "gauge",
    name: "gitfleet_reconciler_head_refused",
    help: "1 where head is refused, by reason (invalid, held).",
    labels: ["reason"],
  },
  writer: { kind: "gauge", name: "gitfleet_reconciler_is_writer", help: "1 where this process holds the lease." },
  gitReachable: { kind: "gauge", name: "gitfleet_reconciler_git_readable", help: "1 where the last poll worked." },
  synced: {
    kind: "gauge",
    name: "gitfleet_reconciler_bucket_synced",
    help: "1 where a bucket is caught up.",
    labels: ["bucket"],
  },
  bucketDifferences: {
    kind: "gauge",
    name: "gitfleet_reconciler_bucket_differences",
    help: "Settings of existing buckets that differ from the wire contract.",
  },
} as const satisfies Record<string, MetricDefinition>;

export type ReconcilerMetrics = Metrics<keyof typeof table>;

export function createReconcilerMetrics(): ReconcilerMetrics {
  return createMetrics(table);
}

/** Brings the metrics up to date; counters only ever grow by what is new since the last call. */
export function metricsUpdater({ metric }: ReconcilerMetrics): (state: State) => void {
  const told = new Map<string, number>();
  const grow = (
    key: "polls" | "pollsFailed" | "applied" | "writesFailed" | "written" | "drift",
    value: number,
    kind?: string,
  ): void => {
    const name = `${key} ${kind}`;
    metric[key].add(value - (told.get(name) ?? 0), kind === undefined ? {} : { kind });
    told.set(name, value);
  };
  return (state) => {
    const { counts } = state;
    grow("polls", counts.polls);
    grow("pollsFailed", counts.pollsFailed);
    grow("applied", counts.applied);
    grow("writesFailed", counts.writesFailed);
    for (const [kind, value] of Object.entries(counts.written)) grow("written", value, kind);
    for (const [kind, value] of Object.entries(counts.drift)) grow("drift", value, kind);
    setGauges(metric, state);
  };
}

function setGauges(metric: ReconcilerMetrics["metric"], state: State): void {
  const stance = stanceOf(state);
  const refused = stance.kind === "pursue" || stance.kind === "refuse" ? stance.refused : null;
  for (const kind of ["pursue", "refuse", "foreign-fleet", "wait"])
    metric.stance.set(Number(kind === stance.kind), { stance: kind });
  for (const reason of ["invalid", "held"]) metric.refused.set(Number(refused?.reason === reason), { reason });
  for (const [bucket, synced] of Object.entries(state.synced)) metric.synced.set(Number(synced), { bucket });
  metric.desiredKeys.set(state.holdings.values.size);
  metric.openKeys.set(stance.kind === "pursue" ? stance.target.openValues + stance.target.open.mark.size : 0);
  metric.writer.set(Number(state.leaseHeld));
  metric.gitReachable.set(Number(state.git.asked && state.git.trouble === null));
}
