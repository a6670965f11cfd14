/** What `gitfleet status` says, as data: commits, devices, deployments. Text and JSON are made from this. */
import type { Aggregate, Troubled } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { LiveFleet } from "#fleet/live-fleet.ts";

/** One deployment and how it is doing. */
export interface DeploymentStatus {
  readonly deployment: DeploymentName;
  readonly paused: boolean;
  readonly aggregate: Aggregate;
}

/** Everything about a fleet at one moment. */
export interface FleetStatus {
  /** Null where no reconciler has written yet. */
  readonly record: ReconcilerRecord | null;
  /** True while a reconciler holds the lease. */
  readonly reconcilerAlive: boolean;
  readonly devices: { readonly known: number; readonly offline: number; readonly paused: number };
  readonly deployments: readonly DeploymentStatus[];
  /** For one deployment: the devices that failed or are pending. */
  readonly troubled: Troubled | null;
}

/** A lease is renewed every second; one this old is nobody's. */
export const LEASE_SILENT_AFTER_MS = 15_000;
/** Devices shown by name when one deployment is asked for. */
export const TROUBLED_MAX = 50;

/** The status of everything, or of one deployment. */
export function statusOf(fleet: LiveFleet, { serverNowMs, only }: StatusQuestion): FleetStatus {
  const pausedDeployments = new Set<string>(fleet.record?.paused_deployments ?? []);
  const deployments = fleet
    .deployments()
    .filter((deployment) => only === undefined || deployment === only)
    .map((deployment) => ({
      deployment,
      aggregate: fleet.aggregate(deployment),
      paused: pausedDeployments.has(deployment),
    }));
  return {
    record: fleet.record,
    reconcilerAlive: fleet.leaseAtMs !== null && serverNowMs - fleet.leaseAtMs < LEASE_SILENT_AFTER_MS,
    devices: deviceCounts(fleet),
    deployments,
    troubled: only === undefined ? null : fleet.troubled(only, TROUBLED_MAX),
  };
}

export interface StatusQuestion {
  readonly serverNowMs: number;
  readonly only?: DeploymentName | undefined;
}

/** One JSON object: names as on the wire. */
export function statusJson(status: FleetStatus): string {
  const { record, devices, deployments, troubled } = status;
  return JSON.stringify({
    fleet: record?.fleet ?? null,
    branch: record?.branch ?? null,
    head: record?.head ?? null,
    applied: record?.applied ?? null,
    applying: record?.applying ?? null,
    applied_at: record?.applied_at ?? null,
    refused: record?.refused ?? null,
    paused: record?.paused ?? false,
    withheld: record?.withheld ?? null,
    desired_keys: record?.desired_keys ?? null,
    reconciler_alive: status.reconcilerAlive,
    devices,
    deployments: Object.fromEntries(deployments.map(({ deployment, aggregate }) => [deployment, aggregate])),
    ...(troubled === null ? {} : { troubled: troubledJson(troubled) }),
  });
}

function troubledJson({ failed, failedTotal, pending, pendingTotal }: Troubled): object {
  return { failed, failed_total: failedTotal, pending, pending_total: pendingTotal };
}

function deviceCounts(fleet: LiveFleet): FleetStatus["devices"] {
  let offline = 0;
  let paused = 0;
  for (const device of fleet.devices()) {
    if (device.offline) offline += 1;
    if (device.paused) paused += 1;
  }
  return { known: fleet.deviceCount, offline, paused };
}
