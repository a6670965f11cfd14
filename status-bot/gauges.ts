/** Brings the status bot's gauges up to date with its state, whenever somebody asks for its metrics. */
import type { Aggregate } from "#fleet/aggregate.ts";
import type { BotState } from "./core/state.ts";
import type { BotMetrics } from "./metrics.ts";

/** Each deployment is six series: a fleet with more than this is told in `gitfleet status`. */
const DEPLOYMENTS_MAX = 1_000;
const STANDINGS = [
  "succeeded",
  "failed",
  "pending",
  "offline",
  "unverified",
  "paused",
] as const satisfies readonly (keyof Aggregate)[];
const PLACES = ["forge", "git", "status-branch"] as const;

/** Gives what sets all of them; it remembers how many dropped payloads it has counted. */
export function gaugeSetter(metric: BotMetrics): (state: BotState) => void {
  let dropped = 0;
  return (state) => {
    metric.dropped.add(state.view.dropped - dropped);
    dropped = state.view.dropped;
    metric.openPulls.set(state.open.length);
    metric.whole.set(Number(state.isWhole));
    for (const place of PLACES) metric.troubled.set(Number(state.rests.has(place)), { place });
    setFleet(metric, state);
  };
}

function setFleet(metric: BotMetrics, { view }: BotState): void {
  const { devices, offline, paused } = view.deviceCounts();
  metric.devices.set(devices);
  metric.devicesOffline.set(offline);
  metric.devicesPaused.set(paused);
  const deployments = view.deployments();
  metric.deployments.set(deployments.length);
  // A deployment that is gone must not be told for ever.
  metric.deploymentDevices.clear();
  for (const deployment of deployments.slice(0, DEPLOYMENTS_MAX)) {
    const aggregate = view.aggregate(deployment);
    for (const standing of STANDINGS) metric.deploymentDevices.set(aggregate[standing], { deployment, standing });
  }
}
