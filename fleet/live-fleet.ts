/** What NATS says about a fleet, folded as it changes: commits, aggregates, devices. Each change costs one device's work. */
import { HEADER_COMMIT } from "#schema/headers.ts";
import {
  parseHeartbeatKey,
  parseInfoKey,
  RECONCILER_LEASE_KEY,
  RECONCILER_RECORD_KEY,
  type BucketName,
  type DevicePair,
} from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { readDeviceInfo, readHeartbeat, readReconcilerRecord, readStateOf } from "#schema/wire-read.ts";
import type { WireReading } from "#schema/wire-read.ts";
import type { DeploymentState, DeviceInfo, ReconcilerRecord } from "#schema/wire.ts";
import { Aggregator, type Aggregate, type Troubled } from "./aggregate.ts";
import type { KeyTimes } from "./live/key-times.ts";
import { LiveDevices } from "./live/live-devices.ts";
import { NO_PHASE, type WantedNumbers } from "./live/pair-facts.ts";
import { deviceKeys, PairKeys } from "./live/keys-of-rows.ts";
import { NO_ROW } from "./live/pair-table.ts";
import { NO_TEXT } from "./live/shared-texts.ts";
import { TouchedNames } from "./live/touched-names.ts";
import { ValueDigests } from "./live/value-digests.ts";

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
  /** How many deployments it should run. */
  readonly deployments: number;
  readonly offline: boolean;
  readonly paused: boolean;
}

/** How many devices there are, of those that should run something. */
export interface DeviceCounts {
  readonly devices: number;
  readonly offline: number;
  readonly paused: number;
}

/** `offlineAfter` where the record says nothing else. */
const OFFLINE_AFTER_DEFAULT_MS = 90_000;

/** The live picture of a fleet. Feed it changes; ask it for what is true. No clock and no network of its own. */
export class LiveFleet {
  readonly #pairs: PairKeys;
  readonly #aggregator = new Aggregator((row) => this.#pairs.isKept(row));
  readonly #facts = this.#aggregator.facts;
  readonly #devices = new LiveDevices(this.#facts.devices);
  readonly #digests = new ValueDigests(this.#facts.digests);
  readonly #infoKeys = deviceKeys(this.#facts.devices, this.#devices.columns, "info.");
  readonly #heartbeatKeys = deviceKeys(this.#facts.devices, this.#devices.columns, "heartbeat.");
  readonly #dirty = new TouchedNames<DeploymentName>();
  #pausedDevices: ReadonlySet<string> = new Set();
  #record: ReconcilerRecord | null = null;
  #leaseAtMs: number | null = null;
  #version = 0;
  #dropped = 0;

  constructor() {
    this.#pairs = new PairKeys(this.#aggregator);
  }

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

  /** How many devices are wanted for something or left something behind. */
  get deviceCount(): number {
    return this.#devices.size;
  }

  /** Every one of them, in no order. */
  *devices(): Generator<LiveDevice> {
    for (const number of this.#devices.numbers()) yield this.#liveDevice(number);
  }

  /** One of them, or null. */
  device(id: DeviceId): LiveDevice | null {
    const number = this.#facts.devices.find(id);
    return number === undefined || !this.#devices.isKnown(number) ? null : this.#liveDevice(number);
  }

  /** The memory of the feed of a bucket: what is kept of each key anyway. Undefined for the others. */
  memoryOf(bucket: BucketName): KeyTimes | undefined {
    switch (bucket) {
      case "desired-state":
        return this.#pairs.desired;
      case "device-state":
        return this.#pairs.states;
      case "device-info":
        return this.#infoKeys;
      case "device-heartbeat":
        return this.#heartbeatKeys;
      case "fleet":
        return undefined;
    }
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
    for (const number of this.#devices.numbers()) {
      const heardAtMs = this.#devices.heartbeatAtMs(number);
      const silent = heardAtMs === null || serverNowMs - heardAtMs > afterMs;
      const was = this.#aggregator.isOffline(number);
      const is = silent && (was || !keep);
      if (is === was) continue;
      this.#aggregator.setOffline(this.#facts.devices.textOf(number), is);
      this.#touchAllOf(number);
    }
  }

  /** When any device was heard last, by the server's clock; null for never. */
  lastHeardAtMs(): number | null {
    let last: number | null = null;
    for (const number of this.#devices.numbers()) {
      const atMs = this.#devices.heartbeatAtMs(number);
      if (atMs !== null && (last === null || atMs > last)) last = atMs;
    }
    return last;
  }

  /** What is wanted of a device now, null where nothing is. */
  wanted(pair: DevicePair): WantedNow | null {
    const row = this.#facts.find(pair);
    const digest = row === NO_ROW ? null : this.#facts.desiredDigest(row);
    return digest === null ? null : { digest, commit: this.#facts.commitOf(row) };
  }

  /** What a device says about a deployment, its time in whole seconds; null where it says nothing. */
  state(pair: DevicePair): DeploymentState | null {
    const row = this.#facts.find(pair);
    return row === NO_ROW ? null : this.#facts.state(row);
  }

  isOffline(device: DeviceId): boolean {
    return this.device(device)?.offline === true;
  }

  isPaused(device: DeviceId): boolean {
    return this.#pausedDevices.has(device);
  }

  /** Deployments that anything wants, sorted. */
  deployments(): readonly DeploymentName[] {
    return this.#aggregator.deployments();
  }

  /** True for one of them. */
  isWanted(deployment: DeploymentName): boolean {
    return this.#aggregator.isWanted(deployment);
  }

  aggregate(deployment: DeploymentName): Aggregate {
    return this.#aggregator.of(deployment);
  }

  /** The devices that a rollout waits for, at most `limit` of each kind. */
  troubled(deployment: DeploymentName, limit: number): Troubled {
    return this.#aggregator.troubled(deployment, limit);
  }

  deviceCounts(): DeviceCounts {
    const counts = { devices: 0, offline: 0, paused: 0 };
    // By number, not from a generator: there may be a million, and most questions are about this.
    for (let number = 0; number < this.#devices.end; number += 1) {
      if (this.#devices.desiredCount(number) === 0) continue;
      counts.devices += 1;
      if (this.#aggregator.isOffline(number)) counts.offline += 1;
      if (this.#aggregator.isPaused(number)) counts.paused += 1;
    }
    return counts;
  }

  /** Deployments that may differ from when this was asked last. */
  takeDirty(): DeploymentName[] {
    return this.#dirty.take();
  }

  #liveDevice(number: number): LiveDevice {
    return {
      id: this.#facts.devices.textOf(number),
      info: this.#devices.info(number),
      heartbeatAtMs: this.#devices.heartbeatAtMs(number),
      deployments: this.#devices.desiredCount(number),
      offline: this.#aggregator.isOffline(number),
      paused: this.#aggregator.isPaused(number),
    };
  }

  #applyDesired(change: KeyChange): void {
    const row = this.#pairs.desiredRow(change.key);
    if (row === null) return;
    const device = this.#facts.table.device.at[row] ?? 0;
    const was = this.#facts.desired(row) !== NO_TEXT;
    this.#aggregator.setDesiredAt(row, change.kind === "put" ? this.#wantedNumbers(row, change) : null);
    this.#devices.countDesired(device, was, change.kind === "put");
    this.#touch(row);
    this.#settle(row, device);
  }

  #wantedNumbers(row: number, change: Extract<KeyChange, { kind: "put" }>): WantedNumbers {
    const commit = change.headers(HEADER_COMMIT);
    return {
      digest: this.#digests.take(this.#facts.table.deployment.at[row] ?? 0, change.value),
      commit: commit === undefined ? NO_TEXT : this.#facts.commits.take(commit),
    };
  }

  #applyState(change: KeyChange): void {
    const row = this.#pairs.stateRow(change.key);
    if (row === null) return;
    const device = this.#facts.table.device.at[row] ?? 0;
    const state = this.#payload(change, (_key, bytes) => this.#readState(row, bytes));
    const was = this.#facts.phase(row) !== NO_PHASE;
    this.#aggregator.setStateAt(row, state);
    this.#devices.countReported(device, was, state !== null);
    this.#touch(row);
    this.#settle(row, device);
  }

  #readState(row: number, bytes: Uint8Array): WireReading<DeploymentState> {
    const pair = { device: this.#facts.deviceOf(row), deployment: this.#facts.deploymentOf(row) };
    return readStateOf(pair, bytes, this.#facts.desiredDigest(row));
  }

  // A row that says nothing goes, and with its last one a device that nothing is known of any more.
  #settle(row: number, device: number): void {
    if (!this.#devices.isKnown(device)) this.#aggregator.setOffline(this.#facts.devices.textOf(device), false);
    if (!this.#facts.saysNothing(row)) return;
    const deployment = this.#facts.table.deployment.at[row] ?? 0;
    this.#aggregator.dropIfEmpty(row);
    if (this.#facts.table.ofDeployment(deployment).length === 0) this.#digests.forget(deployment);
  }

  #applyInfo(change: KeyChange): void {
    const id = parseInfoKey(change.key);
    if (id === null) return;
    this.#withDevice(id, (number) => this.#devices.setInfo(number, this.#payload(change, readDeviceInfo)));
  }

  // The server says when: the payload's own time is for people.
  #applyHeartbeat(change: KeyChange): void {
    const id = parseHeartbeatKey(change.key);
    if (id === null) return;
    const isHeard = this.#payload(change, readHeartbeat) !== null;
    const atMs = change.kind === "put" && isHeard ? change.atMs : null;
    this.#withDevice(id, (number) => this.#devices.setHeartbeat(number, atMs));
  }

  #withDevice(id: DeviceId, change: (number: number) => void): void {
    const number = this.#facts.devices.take(id);
    change(number);
    if (!this.#devices.isKnown(number)) this.#aggregator.setOffline(id, false);
    this.#facts.devices.giveBack(number);
  }

  #applyFleet(change: KeyChange): void {
    const put = change.kind === "put" ? change : null;
    if (change.key === RECONCILER_LEASE_KEY) this.#leaseAtMs = put?.atMs ?? null;
    if (change.key !== RECONCILER_RECORD_KEY) return;
    this.#record = put === null ? null : readReconcilerRecord(put.value);
    if (put !== null && this.#record === null) this.#dropped += 1;
    this.#setPaused(new Set(this.#record?.paused_devices));
    this.#version += 1;
  }

  #setPaused(devices: ReadonlySet<string>): void {
    const before = this.#pausedDevices;
    this.#pausedDevices = devices;
    for (const name of new Set([...before, ...devices])) {
      if (before.has(name) === devices.has(name)) continue;
      const id = name as DeviceId;
      this.#aggregator.setPaused(id, devices.has(id));
      const number = this.#facts.devices.find(id);
      if (number !== undefined) this.#touchAllOf(number);
    }
  }

  #payload<T>(change: KeyChange, read: (key: string, bytes: Uint8Array) => WireReading<T>): T | null {
    if (change.kind !== "put") return null;
    const reading = read(change.key, change.value);
    if (reading.kind === "read") return reading.value;
    this.#dropped += 1;
    return null;
  }

  #touch(row: number): void {
    this.#dirty.touch(this.#facts.table.deployment.at[row] ?? 0, this.#facts.deploymentOf(row));
    this.#version += 1;
  }

  #touchAllOf(device: number): void {
    for (const row of this.#facts.table.ofDevice(device)) {
      if (this.#facts.desired(row) !== NO_TEXT) this.#touch(row);
    }
  }
}
