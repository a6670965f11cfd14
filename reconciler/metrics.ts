/** Every metric of the reconciler. */
import type { MetricDefinition, Metrics } from "#runtime/metrics.ts";
import { createDaemonMetrics } from "#runtime/process-metrics.ts";
import { markersAllowed, stanceOf, type Stance } from "./core/stance.ts";
import type { State } from "./core/state.ts";

export const METRICS = {
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
  polledAt: {
    kind: "gauge",
    name: "gitfleet_reconciler_last_successful_poll_timestamp_seconds",
    help: "When the repository last answered, as a Unix time; 0 where it never did.",
  },
  appliedAt: {
    kind: "gauge",
    name: "gitfleet_reconciler_applied_timestamp_seconds",
    help: "When the commit that is applied was applied, as a Unix time; 0 where none is.",
  },
  inStep: {
    kind: "gauge",
    name: "gitfleet_reconciler_in_step",
    help: "1 where head is applied and the buckets say what it says.",
  },
  heldMarkers: {
    kind: "gauge",
    name: "gitfleet_reconciler_held_markers",
    help: "Deployments that run unwanted and are not stopped, because they are too many at once.",
  },
  withheld: {
    kind: "gauge",
    name: "gitfleet_reconciler_withheld_devices",
    help: "Devices that keep their keys as they are, because what they report fails a rule.",
  },
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

export type ReconcilerMetrics = Metrics<keyof typeof METRICS>;

export function createReconcilerMetrics(): ReconcilerMetrics {
  const metrics = createDaemonMetrics(METRICS);
  // Counters that begin with their first event hide it from whoever looks at how much they grew.
  for (const bucket of ["device-info", "fleet"]) metrics.metric.dropped.add(0, { bucket });
  // Before NATS was reached for the first time, there is no state that could say so.
  for (const bucket of ["desired-state", "device-state", "device-info", "fleet"])
    metrics.metric.synced.set(0, { bucket });
  return metrics;
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
  metric.desiredKeys.set(state.holdings.values);
  metric.openKeys.set(stance.kind === "pursue" ? stance.target.openValues + stance.target.open.mark : 0);
  metric.writer.set(Number(state.leaseHeld));
  metric.gitReachable.set(Number(state.git.asked && state.git.trouble === null));
  metric.polledAt.set((state.git.answeredAtMs ?? 0) / 1_000);
  metric.appliedAt.set(Date.parse(state.record?.applied_at ?? "1970-01-01T00:00:00Z") / 1_000);
  metric.inStep.set(Number(isInStep(state, stance)));
  setWithheld(metric, state, stance);
}

function isInStep(state: State, stance: Stance): boolean {
  if (stance.kind !== "pursue" || stance.refused !== null || stance.target.openValues > 0) return false;
  return stance.target.commit === state.git.head && state.record?.applied === state.git.head;
}

function setWithheld(metric: ReconcilerMetrics["metric"], state: State, stance: Stance): void {
  const target = stance.kind === "pursue" ? stance.target : null;
  const isHeld = stance.kind === "pursue" && !markersAllowed(state, stance.target, stance.approved);
  metric.heldMarkers.set(isHeld ? (target?.open.mark ?? 0) : 0);
  metric.withheld.set(target?.desired.withheld.size ?? 0);
}
