/** Aggregates worked out from scratch: the plain meaning that the kept ones are held against. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState } from "#schema/wire.ts";
import type { Aggregate } from "./aggregate.ts";
import { errorOf, newerError, standingOf, type LastError } from "./standing.ts";

/** Everything that is known at one moment. */
export interface FleetFacts {
  readonly desired: readonly (DevicePair & { readonly digest: string })[];
  readonly states: readonly DeploymentState[];
  readonly offline: ReadonlySet<DeviceId>;
  readonly paused: ReadonlySet<DeviceId>;
}

/** The aggregate of every deployment with a desired key, by name. */
export function recomputeAggregates(facts: FleetFacts): Map<DeploymentName, Aggregate> {
  const names = [...new Set(facts.desired.map(({ deployment }) => deployment))].toSorted((a, b) => (a < b ? -1 : 1));
  return new Map(names.map((name) => [name, recompute(facts, name)]));
}

function recompute({ desired, states, offline, paused }: FleetFacts, name: DeploymentName): Aggregate {
  const counts = { none: 0, paused: 0, succeeded: 0, failed: 0, pending: 0, offline: 0, unverified: 0 };
  let last: LastError | null = null;
  for (const { device, digest } of desired.filter(({ deployment }) => deployment === name)) {
    const state = states.find((one) => one.device_id === device && one.deployment === name) ?? null;
    const standing = standingOf({ digest, state }, { offline: offline.has(device), paused: paused.has(device) });
    counts[standing]++;
    if (standing === "paused" || standing === "none") continue;
    if (offline.has(device)) counts.offline++;
    if (state !== null && state.desired_digest === undefined) counts.unverified++;
    if (state !== null && standing === "failed") last = newerError(last, errorOf(device, state));
  }
  const { none: _none, ...rest } = counts;
  return { matched: rest.succeeded + rest.failed + rest.pending, ...rest, last_error: last };
}
