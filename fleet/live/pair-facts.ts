/** What is known of each (device, deployment) pair, in columns: what is wanted there, and what the device says. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import type { DeploymentState, Phase } from "#schema/wire.ts";
import { NO_ROW, PairTable } from "./pair-table.ts";
import { NO_TEXT, SharedTexts } from "./shared-texts.ts";

/** The phases as small numbers; 0 where the device says nothing. */
export const PHASES: readonly (Phase | null)[] = [null, "Pending", "Running", "Failed"];
export const NO_PHASE = 0;

/** The numbers of a value that is wanted: of its digest, and of the commit that it was written for. */
export interface WantedNumbers {
  readonly digest: number;
  readonly commit: number;
}

/** Rows of facts. Texts are numbers here: each is kept once, for as long as a row has it. */
export class PairFacts {
  readonly table = new PairTable();
  readonly devices = new SharedTexts<DeviceId>();
  readonly deployments = new SharedTexts<DeploymentName>();
  readonly digests = new SharedTexts();
  readonly commits = new SharedTexts();
  readonly #desired = this.table.columns.uint32();
  readonly #commit = this.table.columns.uint32();
  readonly #reported = this.table.columns.uint32();
  readonly #phase = this.table.columns.uint8();
  readonly #eventAtMs = this.table.columns.float64();
  /** Few devices are in trouble. */
  readonly #errors = new Map<number, string>();

  find({ device, deployment }: DevicePair): number {
    const deviceNumber = this.devices.find(device);
    const deploymentNumber = this.deployments.find(deployment);
    if (deviceNumber === undefined || deploymentNumber === undefined) return NO_ROW;
    return this.table.find(deviceNumber, deploymentNumber);
  }

  /** The row of a pair, an empty one where it had none. */
  rowOf(pair: DevicePair): number {
    const known = this.find(pair);
    if (known !== NO_ROW) return known;
    return this.#newRow(this.devices.take(pair.device), this.deployments.take(pair.deployment));
  }

  /** An empty row for a pair that has none, of names that are known. */
  addRow(device: number, deployment: number): number {
    return this.#newRow(this.devices.takeAgain(device), this.deployments.takeAgain(deployment));
  }

  #newRow(device: number, deployment: number): number {
    const row = this.table.add(device, deployment);
    this.#desired.at[row] = NO_TEXT;
    this.#commit.at[row] = NO_TEXT;
    this.#reported.at[row] = NO_TEXT;
    this.#phase.at[row] = NO_PHASE;
    return row;
  }

  /** Forgets a row that says nothing. */
  remove(row: number): void {
    const device = this.table.device.at[row] ?? 0;
    const deployment = this.table.deployment.at[row] ?? 0;
    this.table.remove(row);
    this.devices.giveBack(device);
    this.deployments.giveBack(deployment);
  }

  saysNothing(row: number): boolean {
    return this.#desired.at[row] === NO_TEXT && this.#phase.at[row] === NO_PHASE;
  }

  /** Of the value that is wanted; NO_TEXT where none is. */
  desired(row: number): number {
    return this.#desired.at[row] ?? NO_TEXT;
  }

  /** Of the value that the device speaks of; NO_TEXT where it does not say. */
  reported(row: number): number {
    return this.#reported.at[row] ?? NO_TEXT;
  }

  phase(row: number): number {
    return this.#phase.at[row] ?? NO_PHASE;
  }

  error(row: number): string | null {
    return this.#errors.get(row) ?? null;
  }

  eventAtMs(row: number): number {
    return this.#eventAtMs.at[row] ?? 0;
  }

  deviceOf(row: number): DeviceId {
    return this.devices.textOf(this.table.device.at[row] ?? 0);
  }

  deploymentOf(row: number): DeploymentName {
    return this.deployments.textOf(this.table.deployment.at[row] ?? 0);
  }

  /** The commit that the wanted value was written for, where its writer said so. */
  commitOf(row: number): string | null {
    const commit = this.#commit.at[row] ?? NO_TEXT;
    return commit === NO_TEXT ? null : this.commits.textOf(commit);
  }

  /** Takes the numbers over: they were taken for this. Null where nothing is wanted any more. */
  setDesired(row: number, wanted: WantedNumbers | null): void {
    this.digests.giveBack(this.desired(row));
    this.commits.giveBack(this.#commit.at[row] ?? NO_TEXT);
    this.#desired.at[row] = wanted?.digest ?? NO_TEXT;
    this.#commit.at[row] = wanted?.commit ?? NO_TEXT;
  }

  setState(row: number, state: DeploymentState | null, atMs: number): void {
    const before = this.reported(row);
    const digest = state?.desired_digest;
    this.#reported.at[row] = digest === undefined ? NO_TEXT : this.#takeDigest(row, digest);
    this.digests.giveBack(before);
    this.#phase.at[row] = state === null ? NO_PHASE : PHASES.indexOf(state.phase);
    this.#eventAtMs.at[row] = atMs;
    const error = state?.last_error ?? null;
    if (error !== null) this.#errors.set(row, error);
    else if (this.#errors.size > 0) this.#errors.delete(row);
  }

  /** The digest of the value that is wanted; null where none is. */
  desiredDigest(row: number): string | null {
    const desired = this.desired(row);
    return desired === NO_TEXT ? null : this.digests.textOf(desired);
  }

  // Nearly always a device speaks of the value that is wanted.
  #takeDigest(row: number, digest: string): number {
    if (this.desiredDigest(row) === digest) return this.digests.takeAgain(this.desired(row));
    return this.digests.take(digest);
  }

  /** What the device said, its time in whole seconds; null where it says nothing. */
  state(row: number): DeploymentState | null {
    const phase = PHASES[this.phase(row)] ?? null;
    if (phase === null) return null;
    const reported = this.reported(row);
    return {
      device_id: this.deviceOf(row),
      deployment: this.deploymentOf(row),
      phase,
      last_event_at: wireTime(this.eventAtMs(row)),
      last_error: this.error(row),
      ...(reported === NO_TEXT ? {} : { desired_digest: this.digests.textOf(reported) }),
    };
  }
}
