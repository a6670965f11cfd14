/** How each deployment is doing: the fold of desired keys and device states, kept as they change. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState } from "#schema/wire.ts";

/** Counts of devices. `matched = succeeded + failed + pending`, always. */
export interface Aggregate {
  readonly matched: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
  /** Within `matched`; they keep their phase. */
  readonly offline: number;
  /** Devices that are paused: not in `matched`. */
  readonly paused: number;
  /** States that do not say which value they are about; within `matched`. */
  readonly unverified: number;
  readonly last_error: LastError | null;
}

/** The newest failure. The message is a device's text: escape it where it is shown. */
export interface LastError {
  readonly device_id: DeviceId;
  readonly message: string;
  readonly at: string;
}

/** One device that a rollout waits for. */
export interface TroubledDevice {
  readonly device: DeviceId;
  readonly offline: boolean;
  readonly error: string | null;
  readonly at: string | null;
}

/** Failed and pending devices of a deployment, sorted by id, with how many there are in all. */
export interface Troubled {
  readonly failed: readonly TroubledDevice[];
  readonly failedTotal: number;
  readonly pending: readonly TroubledDevice[];
  readonly pendingTotal: number;
}

/** Keeps the aggregates of all deployments. Each event costs the work of one device; any order gives the same end. */
export declare class Aggregator {
  /** The digest of the value now desired, or null where the key is gone. */
  setDesired(pair: DevicePair, digest: string | null): void;
  setState(pair: DevicePair, state: DeploymentState | null): void;
  setOffline(device: DeviceId, offline: boolean): void;
  setPaused(device: DeviceId, paused: boolean): void;
  /** Deployments with at least one desired key, sorted. */
  deployments(): DeploymentName[];
  of(deployment: DeploymentName): Aggregate;
  /** At most `limit` of each. */
  troubled(deployment: DeploymentName, limit: number): Troubled;
}
