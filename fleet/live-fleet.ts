/** What NATS says about a fleet, folded as it changes: commits, aggregates, devices. Each change costs one device's work. */
import { HEADER_COMMIT } from "#schema/headers.ts";
import {
  parseDesiredKey,
  parseHeartbeatKey,
  parseInfoKey,
  parseStateKey,
  RECONCILER_LEASE_KEY,
  RECONCILER_RECORD_KEY,
  type BucketName,
  type DevicePair,
} from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { readDeploymentState, readDeviceInfo, readHeartbeat, readReconcilerRecord } from "#schema/wire-read.ts";
import type { WireReading } from "#schema/wire-read.ts";
import type { DeploymentState, DeviceInfo, ReconcilerRecord } from "#schema/wire.ts";
import { Aggregator, type Aggregate, type Troubled } from "./aggregate.ts";
import { sha256Digest } from "./digest.ts";

/** One change of one key, as a feed tells it. */
export type KeyChange =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: Uint8Array;
      /** By the server's clock. */
      readonly atMs: number;
      headers(name: string): string | undefined;
    }
  | { readonly kind: "delete" | "purge" | "absent"; readonly key: string };

/** A value that a device should run now. */
export interface WantedNow {
  readonly digest: string;
  /** The commit that the reconciler wrote it for, where the writer said so. */
  readonly commit: string | null;
}

/** One device as NATS knows it. */
export interface LiveDevice {
  readonly id: DeviceId;
  readonly info: DeviceInfo | null;
  /** When the server stored its last heartbeat, by the server's clock; null for never. */
  readonly heartbeatAtMs: number | null;
  /** What it should run. */
  readonly desired: ReadonlyMap<DeploymentName, WantedNow>;
  /** What it says about its deployments. */
  readonly reported: ReadonlyMap<DeploymentName, DeploymentState>;
  readonly offline: boolean;
  readonly paused: boolean;
}

/** How many devices there are, of those that should run something. */
export interface DeviceCounts {
  readonly devices: number;
  readonly offline: number;
  readonly paused: number;
}

interface DeviceFold extends LiveDevice {
  info: DeviceInfo | null;
  heartbeatAtMs: number | null;
  readonly desired: Map<DeploymentName, WantedNow>;
  readonly reported: Map<DeploymentName, DeploymentState>;
  offline: boolean;
  paused: boolean;
}

/** `offlineAfter` where the record says nothing else. */
const OFFLINE_AFTER_DEFAULT_MS = 90_000;

/** The live picture of a fleet. Feed it changes; ask it for what is true. No clock and no network of its own. */
export class LiveFleet {
  readonly #aggregator = new Aggregator();
  readonly #devices = new Map<DeviceId, DeviceFold>();
  readonly #dirty = new Set<DeploymentName>();
  #paused: ReadonlySet<string> = new Set();
  #record: ReconcilerRecord | null = null;
  #leaseAtMs: number | null = null;
  #version = 0;
  #dropped = 0;

  /** What the reconciler says about commits. */
  get record(): ReconcilerRecord | null {
    return this.#record;
  }

  /** When the reconciler last renewed its lease, by the server's clock; null where nobody holds it. */
  get leaseAtMs(): number | null {
    return this.#leaseAtMs;
  }

  /** Grows with every change of the record, of an aggregate or of a device in one. */
  get version(): number {
    return this.#version;
  }

  /** Payloads that were not what their key says: too large, malformed, about somebody else. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Every device that is wanted for something or left something behind. */
  get devices(): ReadonlyMap<DeviceId, LiveDevice> {
    return this.#devices;
  }

  /** Takes in one change of one bucket. */
  apply(bucket: BucketName, change: KeyChange): void {
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
    const seconds = this.#record?.offline_after_seconds;
    return seconds === undefined ? OFFLINE_AFTER_DEFAULT_MS : seconds * 1_000;
  }

  /** Decides who is offline at a moment of the server's clock. With `keep`, nobody becomes offline, only online again. */
  judgeOffline(serverNowMs: number, { keep }: { readonly keep: boolean }): void {
    const afterMs = this.offlineAfterMs();
    for (const device of this.#devices.values()) {
      const silent = device.heartbeatAtMs === null || serverNowMs - device.heartbeatAtMs > afterMs;
      const offline = silent && (device.offline || !keep);
      if (offline === device.offline) continue;
      device.offline = offline;
      this.#aggregator.setOffline(device.id, offline);
      this.#touchAllOf(device);
    }
  }

  /** When any device was heard last, by the server's clock; null for never. */
  lastHeardAtMs(): number | null {
    let last: number | null = null;
    for (const { heartbeatAtMs } of this.#devices.values()) {
      if (heartbeatAtMs !== null) last = Math.max(last ?? heartbeatAtMs, heartbeatAtMs);
    }
    return last;
  }

  /** What is wanted of a device now, null where nothing is. */
  wanted({ device, deployment }: DevicePair): WantedNow | null {
    return this.#devices.get(device)?.desired.get(deployment) ?? null;
  }

  /** What a device says about a deployment, null where it says nothing. */
  state({ device, deployment }: DevicePair): DeploymentState | null {
    return this.#devices.get(device)?.reported.get(deployment) ?? null;
  }

  isOffline(device: DeviceId): boolean {
    return this.#devices.get(device)?.offline === true;
  }

  isPaused(device: DeviceId): boolean {
    return this.#paused.has(device);
  }

  /** Deployments that anything wants, sorted. */
  deployments(): readonly DeploymentName[] {
    return this.#aggregator.deployments();
  }

  aggregate(deployment: DeploymentName): Aggregate {
    return this.#aggregator.of(deployment);
  }

  /** The devices that a rollout waits for, at most `limit` of each kind. */
  troubled(deployment: DeploymentName, limit: number): Troubled {
    return this.#aggregator.troubled(deployment, limit);
  }

  deviceCounts(): DeviceCounts {
    const loaded = [...this.#devices.values()].filter(({ desired }) => desired.size > 0);
    return {
      devices: loaded.length,
      offline: loaded.filter(({ offline }) => offline).length,
      paused: loaded.filter(({ paused }) => paused).length,
    };
  }

  /** Deployments that may differ from when this was asked last. */
  takeDirty(): DeploymentName[] {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    return dirty;
  }

  #applyDesired(change: KeyChange): void {
    const pair = parseDesiredKey(change.key);
    if (pair === null) return;
    const device = this.#device(pair.device);
    if (change.kind === "put") {
      const wanted = { digest: sha256Digest(change.value), commit: change.headers(HEADER_COMMIT) ?? null };
      device.desired.set(pair.deployment, wanted);
      this.#aggregator.setDesired(pair, wanted.digest);
    } else {
      device.desired.delete(pair.deployment);
      this.#aggregator.setDesired(pair, null);
    }
    this.#touch(pair.deployment);
    this.#dropIfUnknown(device);
  }

  #applyState(change: KeyChange): void {
    const pair = parseStateKey(change.key);
    if (pair === null) return;
    const state = this.#payload(change, readDeploymentState)?.state ?? null;
    const device = this.#device(pair.device);
    if (state === null) device.reported.delete(pair.deployment);
    else device.reported.set(pair.deployment, state);
    this.#aggregator.setState(pair, state);
    this.#touch(pair.deployment);
    this.#dropIfUnknown(device);
  }

  #applyInfo(change: KeyChange): void {
    const id = parseInfoKey(change.key);
    if (id === null) return;
    const device = this.#device(id);
    device.info = this.#payload(change, readDeviceInfo);
    this.#dropIfUnknown(device);
  }

  // The server says when: the payload's own time is for people.
  #applyHeartbeat(change: KeyChange): void {
    const id = parseHeartbeatKey(change.key);
    if (id === null) return;
    const device = this.#device(id);
    const isHeard = this.#payload(change, readHeartbeat) !== null;
    device.heartbeatAtMs = change.kind === "put" && isHeard ? change.atMs : null;
    this.#dropIfUnknown(device);
  }

  #applyFleet(change: KeyChange): void {
    const put = change.kind === "put" ? change : null;
    if (change.key === RECONCILER_LEASE_KEY) this.#leaseAtMs = put?.atMs ?? null;
    if (change.key !== RECONCILER_RECORD_KEY) return;
    this.#record = put === null ? null : readReconcilerRecord(put.value);
    if (put !== null && this.#record === null) this.#dropped += 1;
    this.#paused = new Set(this.#record?.paused_devices);
    for (const device of this.#devices.values()) this.#setPaused(device, this.#paused.has(device.id));
    this.#version += 1;
  }

  #payload<T>(change: KeyChange, read: (key: string, bytes: Uint8Array) => WireReading<T>): T | null {
    if (change.kind !== "put") return null;
    const reading = read(change.key, change.value);
    if (reading.kind === "read") return reading.value;
    this.#dropped += 1;
    return null;
  }

  #setPaused(device: DeviceFold, paused: boolean): void {
    if (device.paused === paused) return;
    device.paused = paused;
    this.#aggregator.setPaused(device.id, paused);
    this.#touchAllOf(device);
  }

  #device(id: DeviceId): DeviceFold {
    const known = this.#devices.get(id);
    if (known !== undefined) return known;
    // Neither online nor offline yet: judgeOffline decides.
    const nothing = { info: null, heartbeatAtMs: null, offline: false, paused: false };
    const device: DeviceFold = { id, ...nothing, desired: new Map(), reported: new Map() };
    this.#devices.set(id, device);
    this.#setPaused(device, this.isPaused(id));
    return device;
  }

  #dropIfUnknown(device: DeviceFold): void {
    const { info, heartbeatAtMs, desired, reported } = device;
    if (info !== null || heartbeatAtMs !== null || desired.size > 0 || reported.size > 0) return;
    if (device.offline) this.#aggregator.setOffline(device.id, false);
    if (device.paused) this.#aggregator.setPaused(device.id, false);
    this.#devices.delete(device.id);
  }

  #touch(deployment: DeploymentName): void {
    this.#dirty.add(deployment);
    this.#version += 1;
  }

  #touchAllOf(device: LiveDevice): void {
    for (const deployment of device.desired.keys()) this.#touch(deployment);
  }
}
