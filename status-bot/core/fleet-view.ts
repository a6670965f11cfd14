/** What NATS says about a fleet, folded as it changes. Each change costs the work of one device. */
import { Aggregator, type Aggregate, type Troubled } from "#fleet/aggregate.ts";
import { sha256Digest } from "#fleet/digest.ts";
import type { FeedChange } from "#nats/feed.ts";
import { HEADER_COMMIT } from "#schema/headers.ts";
import {
  desiredKey,
  parseDesiredKey,
  parseHeartbeatKey,
  parseStateKey,
  RECONCILER_RECORD_KEY,
  stateKey,
  type BucketName,
  type DevicePair,
} from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import {
  DEVICE_MESSAGE_MAX_BYTES,
  deploymentStateSchema,
  reconcilerRecordSchema,
  type DeploymentState,
  type ReconcilerRecord,
} from "#schema/wire.ts";
import type { z } from "zod";

/** The buckets this is folded from. */
export const FOLLOWED: readonly BucketName[] = ["desired-state", "device-state", "device-heartbeat", "fleet"];

/** A value that a device should run now. */
export interface WantedNow {
  readonly digest: string;
  /** The commit that the reconciler wrote it for, where the writer said so. */
  readonly commit: string | null;
}

/** How many devices there are, of those that should run something. */
export interface DeviceCounts {
  readonly devices: number;
  readonly offline: number;
  readonly paused: number;
}

const OFFLINE_AFTER_DEFAULT_SECONDS = 90;

/** The picture; feed it changes, ask it for what is true. */
export class FleetView {
  readonly #aggregator = new Aggregator();
  readonly #wanted = new Map<string, WantedNow>();
  readonly #states = new Map<string, DeploymentState>();
  /** What each device should run. */
  readonly #load = new Map<DeviceId, Set<DeploymentName>>();
  readonly #heartbeats = new Map<DeviceId, number>();
  readonly #offline = new Set<DeviceId>();
  readonly #dirty = new Set<DeploymentName>();
  #paused: ReadonlySet<string> = new Set();
  #record: ReconcilerRecord | null = null;
  #version = 0;
  /** Payloads that were not what their key says: dropped. */
  malformed = 0;

  get record(): ReconcilerRecord | null {
    return this.#record;
  }

  /** Grows with every change that may matter to anybody. */
  get version(): number {
    return this.#version;
  }

  /** Takes in one change of one bucket. */
  apply(bucket: BucketName, change: FeedChange): void {
    switch (bucket) {
      case "desired-state":
        return this.#applyDesired(change);
      case "device-state":
        return this.#applyState(change);
      case "device-heartbeat":
        return this.#applyHeartbeat(change);
      case "fleet":
        return this.#applyRecord(change);
      case "device-info":
        return undefined;
    }
  }

  /** Decides who is offline at a moment of the server's clock. With `keep`, nobody becomes offline, only online again. */
  judgeOffline(serverNowMs: number, { keep }: { readonly keep: boolean }): void {
    const afterMs = (this.#record?.offline_after_seconds ?? OFFLINE_AFTER_DEFAULT_SECONDS) * 1_000;
    for (const device of new Set([...this.#load.keys(), ...this.#heartbeats.keys(), ...this.#offline])) {
      const seenAtMs = this.#heartbeats.get(device);
      const silent = seenAtMs === undefined || serverNowMs - seenAtMs > afterMs;
      if (silent !== this.#offline.has(device) && !(silent && keep)) this.#setOffline(device, silent);
    }
  }

  /** When any device was heard last, by the server's clock; null for never. */
  lastHeardAtMs(): number | null {
    let last: number | null = null;
    for (const atMs of this.#heartbeats.values()) last = Math.max(last ?? atMs, atMs);
    return last;
  }

  /** What is wanted of a device now, null where nothing is. */
  wanted(pair: DevicePair): WantedNow | null {
    return this.#wanted.get(desiredKey(pair)) ?? null;
  }

  /** What a device says about a deployment, null where it says nothing. */
  state(pair: DevicePair): DeploymentState | null {
    return this.#states.get(stateKey(pair)) ?? null;
  }

  isOffline(device: DeviceId): boolean {
    return this.#offline.has(device);
  }

  isPaused(device: DeviceId): boolean {
    return this.#paused.has(device);
  }

  deployments(): readonly DeploymentName[] {
    return this.#aggregator.deployments();
  }

  aggregate(deployment: DeploymentName): Aggregate {
    return this.#aggregator.of(deployment);
  }

  troubled(deployment: DeploymentName, limit: number): Troubled {
    return this.#aggregator.troubled(deployment, limit);
  }

  deviceCounts(): DeviceCounts {
    const devices = [...this.#load.keys()];
    const offline = devices.filter((device) => this.#offline.has(device)).length;
    return { devices: devices.length, offline, paused: devices.filter((device) => this.#paused.has(device)).length };
  }

  /** Deployments that may differ from when this was asked last. */
  takeDirty(): DeploymentName[] {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    return dirty;
  }

  #applyDesired(change: FeedChange): void {
    const pair = parseDesiredKey(change.key);
    if (pair === null) return;
    const load = this.#load.get(pair.device) ?? new Set();
    if (change.kind === "put") {
      const wanted = { digest: sha256Digest(change.value), commit: change.headers(HEADER_COMMIT) ?? null };
      this.#wanted.set(change.key, wanted);
      this.#aggregator.setDesired(pair, wanted.digest);
      this.#load.set(pair.device, load.add(pair.deployment));
    } else {
      this.#wanted.delete(change.key);
      this.#aggregator.setDesired(pair, null);
      load.delete(pair.deployment);
      if (load.size === 0) this.#load.delete(pair.device);
    }
    this.#touch(pair.deployment);
  }

  #applyState(change: FeedChange): void {
    const pair = parseStateKey(change.key);
    if (pair === null) return;
    const state = this.#payload(change, deploymentStateSchema);
    const fits = state !== null && state.device_id === pair.device && state.deployment === pair.deployment;
    if (state !== null && !fits) this.malformed += 1;
    if (fits) this.#states.set(change.key, state);
    else this.#states.delete(change.key);
    this.#aggregator.setState(pair, fits ? state : null);
    this.#touch(pair.deployment);
  }

  // The key and the server's time say it all: the payload's own time is for people.
  #applyHeartbeat(change: FeedChange): void {
    const device = parseHeartbeatKey(change.key);
    if (device === null) return;
    if (change.kind === "put") this.#heartbeats.set(device, change.atMs);
    else this.#heartbeats.delete(device);
  }

  #applyRecord(change: FeedChange): void {
    if (change.key !== RECONCILER_RECORD_KEY) return;
    this.#record = this.#payload(change, reconcilerRecordSchema);
    const paused = new Set(this.#record?.paused_devices ?? []);
    for (const device of new Set([...this.#paused, ...paused])) {
      if (this.#paused.has(device) === paused.has(device)) continue;
      this.#aggregator.setPaused(device as DeviceId, paused.has(device));
      this.#touchAllOf(device as DeviceId);
    }
    this.#paused = paused;
    this.#version += 1;
  }

  #setOffline(device: DeviceId, offline: boolean): void {
    if (offline) this.#offline.add(device);
    else this.#offline.delete(device);
    this.#aggregator.setOffline(device, offline);
    this.#touchAllOf(device);
  }

  #touch(deployment: DeploymentName): void {
    this.#dirty.add(deployment);
    this.#version += 1;
  }

  #touchAllOf(device: DeviceId): void {
    this.#version += 1;
    for (const deployment of this.#load.get(device) ?? []) this.#dirty.add(deployment);
  }

  #payload<T>(change: FeedChange, schema: z.ZodType<T>): T | null {
    if (change.kind !== "put") return null;
    const parsed = change.value.length > DEVICE_MESSAGE_MAX_BYTES ? null : schema.safeParse(jsonOf(change.value));
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
