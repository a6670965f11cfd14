/** How each deployment is doing: the fold of desired keys and device states, kept as they change. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { parseWireTime, wireTime } from "#schema/time.ts";
import type { DeploymentState } from "#schema/wire.ts";
import { Columns } from "./live/column.ts";
import { NO_PHASE, PairFacts, PHASES, type WantedNumbers } from "./live/pair-facts.ts";
import { NO_ROW } from "./live/pair-table.ts";
import { NO_TEXT } from "./live/shared-texts.ts";
import { FAILED, NONE, PAUSED, PENDING, StandingCounts, SUCCEEDED } from "./live/standing-counts.ts";
import { failureText, newerError, type LastError } from "./standing.ts";

export type { LastError } from "./standing.ts";

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

/** One device that a rollout waits for. */
export interface TroubledDevice {
  readonly device: DeviceId;
  readonly offline: boolean;
  /** A device's text: escape it where it is shown. */
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

const RUNNING_PHASE = PHASES.indexOf("Running");
const FAILED_PHASE = PHASES.indexOf("Failed");

/**
 * Keeps the aggregates of all deployments. Each event costs the work of one device; any order gives the same end.
 * What it knows stands in columns, so that a million states take little memory.
 */
export class Aggregator {
  readonly facts = new PairFacts();
  readonly #counts = new StandingCounts();
  readonly #standing = this.facts.table.columns.uint8();
  readonly #devices = new Columns();
  readonly #offline = this.#devices.uint8();
  readonly #paused = this.#devices.uint8();
  #lastTime = { text: "", ms: 0 };
  readonly #isKept: (row: number) => boolean;

  /** `isKept` says of a row that says nothing that it must stay all the same. */
  constructor(isKept: (row: number) => boolean = () => false) {
    this.#isKept = isKept;
  }

  /** The digest of the value now desired, or null where the key is gone. */
  setDesired(pair: DevicePair, digest: string | null): void {
    const wanted = digest === null ? null : { digest: this.facts.digests.take(digest), commit: NO_TEXT };
    const row = this.rowOf(pair);
    this.setDesiredAt(row, wanted);
    this.dropIfEmpty(row);
  }

  /** The state that the bucket now holds, or null where the key is gone. */
  setState(pair: DevicePair, state: DeploymentState | null): void {
    const row = this.rowOf(pair);
    this.setStateAt(row, state);
    this.dropIfEmpty(row);
  }

  /** The row of a pair, for the calls that name a row. Call `dropIfEmpty` when done. */
  rowOf(pair: DevicePair): number {
    const known = this.facts.find(pair);
    if (known !== NO_ROW) return known;
    return this.#begun(this.facts.rowOf(pair));
  }

  /** A row for a pair that has none, of names that are known. */
  addRow(device: number, deployment: number): number {
    return this.#begun(this.facts.addRow(device, deployment));
  }

  #begun(row: number): number {
    this.#devices.reserve(this.#deviceOf(row) + 1);
    this.#standing.at[row] = NONE;
    this.#count(row, 1);
    return row;
  }

  /** Takes the numbers over: they were taken from the facts' texts for this. */
  setDesiredAt(row: number, wanted: WantedNumbers | null): void {
    this.#count(row, -1);
    this.facts.setDesired(row, wanted);
    this.#judge(row);
  }

  setStateAt(row: number, state: DeploymentState | null): void {
    this.#count(row, -1);
    this.facts.setState(row, state, state === null ? 0 : this.#timeOf(state.last_event_at));
    this.#judge(row);
  }

  /** Forgets a row where nothing is left to say about it. */
  dropIfEmpty(row: number): void {
    if (!this.facts.saysNothing(row) || this.#isKept(row)) return;
    this.#count(row, -1);
    this.facts.remove(row);
  }

  isOffline(device: number): boolean {
    return this.#offline.at[device] === 1;
  }

  isPaused(device: number): boolean {
    return this.#paused.at[device] === 1;
  }

  setOffline(device: DeviceId, offline: boolean): void {
    this.#setDevice(device, this.#offline, offline);
  }

  setPaused(device: DeviceId, paused: boolean): void {
    this.#setDevice(device, this.#paused, paused);
  }

  /** Deployments with at least one desired key, sorted. */
  deployments(): DeploymentName[] {
    const { deployments } = this.facts;
    const wanted = [...deployments.numbers()].filter((number) => this.#hasDesired(number));
    return wanted.map((number) => deployments.textOf(number)).toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** True for one of them. */
  isWanted(deployment: DeploymentName): boolean {
    const number = this.facts.deployments.find(deployment);
    return number !== undefined && this.#hasDesired(number);
  }

  #hasDesired(deployment: number): boolean {
    return this.#counts.standing(deployment, NONE) < this.facts.table.ofDeployment(deployment).length;
  }

  /** The counts of one deployment; all 0 for one that nobody knows. */
  of(deployment: DeploymentName): Aggregate {
    const number = this.facts.deployments.find(deployment);
    const count = (standing: number): number => (number === undefined ? 0 : this.#counts.standing(number, standing));
    const [succeeded, failed, pending] = [count(SUCCEEDED), count(FAILED), count(PENDING)];
    return {
      matched: succeeded + failed + pending,
      succeeded,
      failed,
      pending,
      offline: number === undefined ? 0 : this.#counts.offline(number),
      paused: count(PAUSED),
      unverified: number === undefined ? 0 : this.#counts.unverified(number),
      last_error: failed === 0 ? null : this.#lastError(number ?? 0),
    };
  }

  /** The devices a rollout waits for, at most `limit` of each kind. */
  troubled(deployment: DeploymentName, limit: number): Troubled {
    const rows = this.facts.table.ofDeployment(this.facts.deployments.find(deployment) ?? 0);
    const listed = (standing: number): { devices: TroubledDevice[]; total: number } => {
      const found = Array.from(rows.filter((row) => this.#standing.at[row] === standing));
      const named = found.map((row) => ({ row, device: this.facts.deviceOf(row) }));
      const first = named.toSorted((a, b) => (a.device < b.device ? -1 : 1)).slice(0, limit);
      return { devices: first.map(({ row }) => this.#troubledDevice(row)), total: found.length };
    };
    const [failed, pending] = [listed(FAILED), listed(PENDING)];
    return {
      failed: failed.devices,
      failedTotal: failed.total,
      pending: pending.devices,
      pendingTotal: pending.total,
    };
  }

  #troubledDevice(row: number): TroubledDevice {
    const told = this.facts.phase(row) !== NO_PHASE && this.#isAboutDesired(row);
    return {
      device: this.facts.deviceOf(row),
      offline: this.isOffline(this.#deviceOf(row)),
      error: told ? this.facts.error(row) : null,
      at: told ? wireTime(this.facts.eventAtMs(row)) : null,
    };
  }

  #lastError(deployment: number): LastError | null {
    let newest: LastError | null = null;
    let newestSecond = Number.NEGATIVE_INFINITY;
    for (const row of this.facts.table.ofDeployment(deployment)) {
      if (this.#standing.at[row] !== FAILED) continue;
      const atMs = this.facts.eventAtMs(row);
      if (Math.floor(atMs / 1_000) < newestSecond) continue;
      newestSecond = Math.floor(atMs / 1_000);
      const error = { device_id: this.facts.deviceOf(row), message: failureText(this.facts.error(row)) };
      newest = newerError(newest, { ...error, at: wireTime(atMs) });
    }
    return newest;
  }

  // Many states come in one second: they bear the same time.
  #timeOf(text: string): number {
    if (text !== this.#lastTime.text) this.#lastTime = { text, ms: parseWireTime(text) ?? 0 };
    return this.#lastTime.ms;
  }

  #setDevice(device: DeviceId, flags: { at: Uint8Array }, is: boolean): void {
    const number = this.facts.devices.find(device) ?? NO_TEXT;
    const flag = is ? 1 : 0;
    if ((flags.at[number] ?? 0) === flag && number !== NO_TEXT) return;
    if (number === NO_TEXT && !is) return;
    // A device that is said to be something is known, whether it has rows or not.
    const held = is ? this.facts.devices.take(device) : number;
    this.#devices.reserve(held + 1);
    for (const row of this.facts.table.ofDevice(held)) this.#count(row, -1);
    flags.at[held] = flag;
    for (const row of this.facts.table.ofDevice(held)) this.#judge(row);
    if (!is) this.facts.devices.giveBack(held);
  }

  #judge(row: number): void {
    this.#standing.at[row] = this.#standingOf(row);
    this.#count(row, 1);
  }

  /** The same as `standingOf` says of objects. */
  #standingOf(row: number): number {
    if (this.facts.desired(row) === NO_TEXT) return NONE;
    if (this.isPaused(this.#deviceOf(row))) return PAUSED;
    const phase = this.facts.phase(row);
    if (phase === NO_PHASE || !this.#isAboutDesired(row)) return PENDING;
    if (phase === RUNNING_PHASE) return SUCCEEDED;
    return phase === FAILED_PHASE ? FAILED : PENDING;
  }

  #isAboutDesired(row: number): boolean {
    const reported = this.facts.reported(row);
    return reported === NO_TEXT || reported === this.facts.desired(row);
  }

  #count(row: number, sign: 1 | -1): void {
    const standing = this.#standing.at[row] ?? NONE;
    const offline = this.isOffline(this.#deviceOf(row));
    const unverified = this.facts.phase(row) !== NO_PHASE && this.facts.reported(row) === NO_TEXT;
    this.#counts.count(this.facts.table.deployment.at[row] ?? 0, { standing, offline, unverified }, sign);
  }

  #deviceOf(row: number): number {
    return this.facts.table.device.at[row] ?? 0;
  }
}
