/** What NATS says about a fleet, kept as it changes: commits, aggregates, devices. No clock and no network of its own. */
import { Aggregator, type Aggregate } from "#fleet/aggregate.ts";
import { sha256Digest } from "#fleet/digest.ts";
import type { FeedChange } from "#nats/feed.ts";
import {
  RECONCILER_LEASE_KEY,
  RECONCILER_RECORD_KEY,
  parseDesiredKey,
  parseHeartbeatKey,
  parseInfoKey,
  parseStateKey,
  type BucketName,
} from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import {
  DEVICE_MESSAGE_MAX_BYTES,
  deploymentStateSchema,
  deviceInfoSchema,
  reconcilerRecordSchema,
  type DeviceInfo,
  type ReconcilerRecord,
} from "#schema/wire.ts";
import type { z } from "zod";

/** One device as NATS knows it. */
export interface LiveDevice {
  readonly id: DeviceId;
  info: DeviceInfo | null;
  /** When the server stored its last heartbeat, by the server's clock; null for never. */
  heartbeatAtMs: number | null;
  /** Deployments it should run. */
  readonly desired: Set<DeploymentName>;
  /** Deployments it says something about. */
  readonly reported: Set<DeploymentName>;
  offline: boolean;
  paused: boolean;
}

const OFFLINE_AFTER_DEFAULT_MS = 90_000;
/** The reconciler's record names paused devices and deployments, at most 1,000 of each. */
const RECORD_MAX_BYTES = 1_048_576;

/** The live picture of a fleet. Feed it changes; ask it for what a person wants to know. */
export class LiveFleet {
  readonly aggregator = new Aggregator();
  readonly devices = new Map<DeviceId, LiveDevice>();
  record: ReconcilerRecord | null = null;
  /** When the reconciler last renewed its lease, by the server's clock; null where nobody holds it. */
  leaseAtMs: number | null = null;
  /** Payloads that were not what their key says: dropped. */
  malformed = 0;

  /** Takes in one change of one bucket. */
  apply(bucket: BucketName, change: FeedChange): void {
    switch (bucket) {
      case "desired-state":
        return this.#applyDesired(change);
      case "device-state":
        return this.#applyState(change);
      case "device-info":
        return this.#applyInfo(change);
      case "device-heartbeat":
        return this.#applyHeartbeat(change);
      case "fleet":
        return this.#applyFleet(change);
    }
  }

  /** How long a device may be silent before it is offline. */
  offlineAfterMs(): number {
    const seconds = this.record?.offline_after_seconds;
    return seconds === undefined ? OFFLINE_AFTER_DEFAULT_MS : seconds * 1_000;
  }

  /** Decides who is offline at a moment of the server's clock. With `keep`, nobody becomes offline, only online again. */
  judgeOffline(serverNowMs: number, { keep }: { keep: boolean }): void {
    const afterMs = this.offlineAfterMs();
    for (const device of this.devices.values()) {
      const silent = device.heartbeatAtMs === null || serverNowMs - device.heartbeatAtMs > afterMs;
      const offline = silent && (device.offline || !keep);
      if (offline === device.offline) continue;
      device.offline = offline;
      this.aggregator.setOffline(device.id, offline);
    }
  }

  /** The aggregates of all deployments, sorted by name. */
  aggregates(): { readonly deployment: DeploymentName; readonly aggregate: Aggregate }[] {
    return this.aggregator
      .deployments()
      .map((deployment) => ({ deployment, aggregate: this.aggregator.of(deployment) }));
  }

  #applyDesired(change: FeedChange): void {
    const pair = parseDesiredKey(change.key);
    if (pair === null) return;
    this.aggregator.setDesired(pair, change.kind === "put" ? sha256Digest(change.value) : null);
    const device = this.#device(pair.device);
    if (change.kind === "put") device.desired.add(pair.deployment);
    else device.desired.delete(pair.deployment);
    this.#dropIfUnknown(device);
  }

  #applyState(change: FeedChange): void {
    const pair = parseStateKey(change.key);
    if (pair === null) return;
    const state = this.#payload(change, deploymentStateSchema);
    const fits = state !== null && state.device_id === pair.device && state.deployment === pair.deployment;
    if (state !== null && !fits) this.malformed += 1;
    this.aggregator.setState(pair, fits ? state : null);
    const device = this.#device(pair.device);
    if (fits) device.reported.add(pair.deployment);
    else device.reported.delete(pair.deployment);
    this.#dropIfUnknown(device);
  }

  #applyInfo(change: FeedChange): void {
    const id = parseInfoKey(change.key);
    if (id === null) return;
    const info = this.#payload(change, deviceInfoSchema);
    const fits = info !== null && info.device_id === id;
    if (info !== null && !fits) this.malformed += 1;
    const device = this.#device(id);
    device.info = fits ? info : null;
    this.#dropIfUnknown(device);
  }

  // The key and the server's time say it all: the payload's own time is for people.
  #applyHeartbeat(change: FeedChange): void {
    const id = parseHeartbeatKey(change.key);
    if (id === null) return;
    const device = this.#device(id);
    device.heartbeatAtMs = change.kind === "put" ? change.atMs : null;
    this.#dropIfUnknown(device);
  }

  #applyFleet(change: FeedChange): void {
    if (change.key === RECONCILER_LEASE_KEY) this.leaseAtMs = change.kind === "put" ? change.atMs : null;
    if (change.key !== RECONCILER_RECORD_KEY) return;
    this.record = this.#payload(change, reconcilerRecordSchema, RECORD_MAX_BYTES);
    const paused = new Set<string>(this.record?.paused_devices ?? []);
    for (const device of this.devices.values()) this.#setPaused(device, paused.has(device.id));
  }

  #setPaused(device: LiveDevice, paused: boolean): void {
    if (device.paused === paused) return;
    device.paused = paused;
    this.aggregator.setPaused(device.id, paused);
  }

  #device(id: DeviceId): LiveDevice {
    const known = this.devices.get(id);
    if (known !== undefined) return known;
    // Offline until a heartbeat says otherwise; judgeOffline decides.
    const device: LiveDevice = {
      id,
      info: null,
      heartbeatAtMs: null,
      desired: new Set(),
      reported: new Set(),
      offline: false,
      paused: false,
    };
    this.devices.set(id, device);
    this.#setPaused(device, this.record?.paused_devices?.includes(id) === true);
    return device;
  }

  #dropIfUnknown(device: LiveDevice): void {
    const { info, heartbeatAtMs, desired, reported } = device;
    if (info !== null || heartbeatAtMs !== null || desired.size > 0 || reported.size > 0) return;
    if (device.offline) this.aggregator.setOffline(device.id, false);
    if (device.paused) this.aggregator.setPaused(device.id, false);
    this.devices.delete(device.id);
  }

  #payload<T>(change: FeedChange, schema: z.ZodType<T>, maxBytes = DEVICE_MESSAGE_MAX_BYTES): T | null {
    if (change.kind !== "put") return null;
    const parsed = change.value.length > maxBytes ? null : schema.safeParse(jsonOf(change.value));
    if (parsed?.success === true) return parsed.data;
    this.malformed += 1;
    return null;
  }
}

const utf8 = new TextDecoder();

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}
