/** What simulated devices do: pure. Wanted values and acknowledgements go in, what to write and when comes out. */
import { stateKey, type DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState, Phase } from "#schema/wire.ts";
import { chance } from "./chance.ts";
import { PHASES, PairColumns, type PhaseCode } from "./pair-columns.ts";

/** How devices behave. */
export interface Behaviour {
  /** From seeing a value to running it; each pair takes between half and one and a half times this. */
  readonly delayMs: number;
  /** How many of 100 pairs fail. */
  readonly failPercent: number;
  /** The same seed fails the same pairs. */
  readonly seed: number;
}

/** A write about one pair: news are put, what the bucket may have lost is offered, and what is gone is deleted. */
export interface StateWrite {
  readonly pair: number;
  readonly kind: "put" | "offer" | "delete";
  /** Null with `delete`. */
  readonly phase: Phase | null;
  readonly digest: string;
  readonly error: string | null;
}

/** What to write now, and when to look at this pair again (null: when something happens). */
export interface Step {
  readonly write: StateWrite | null;
  readonly againAtMs: number | null;
}

/** How far the devices are. */
export interface Standing {
  /** Pairs with a value that is to run. */
  readonly wanted: number;
  /** Those whose last state is in the bucket. */
  readonly settled: number;
  /** Pairs by the phase that the bucket holds. */
  readonly phases: Readonly<Record<Phase, number>>;
}

const DEVICES_SHIFT = 2 ** 21;
const DIGESTS_MAX = 65_536;
const SIMULATED_ERROR = "simulated failure: this device was told to fail; run without --fail-percent";
const NOTHING: Step = { write: null, againAtMs: null };
const { none: NONE, pending: PENDING, running: RUNNING, failed: FAILED } = PHASES;

/** All pairs of all simulated devices; a pair and a device are numbers. */
export class SimulatedFleet {
  readonly devices: readonly DeviceId[];
  readonly #behaviour: Behaviour;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #deployments: DeploymentName[] = [];
  readonly #deploymentNumbers = new Map<DeploymentName, number>();
  readonly #pairs = new Map<number, number>();
  readonly #pairsOfDevice: number[][] = [];
  readonly #columns = new PairColumns();
  readonly #digests = new Map<string, string>();
  readonly #phases = [0, 0, 0, 0];
  #wanted = 0;
  #settled = 0;

  constructor(devices: readonly DeviceId[], behaviour: Behaviour) {
    this.devices = devices;
    this.#behaviour = behaviour;
    this.#numbers = new Map(devices.map((id, index) => [id, index]));
  }

  /** The number of a device; undefined where it is not one of ours. */
  numberOf(device: string): number | undefined {
    return this.#numbers.get(device);
  }

  /** A value is wanted (its digest), or a delete marker was seen (null). Gives the pair, or null where this is no news. */
  want({ device, deployment }: DevicePair, digest: string | null): number | null {
    const pair = this.#pairOf(device, deployment);
    if (this.#columns.wanted[pair] === digest) return null;
    this.#change(pair, () => {
      this.#columns.wanted[pair] = digest === null ? null : this.#shared(digest);
      this.#columns.phase[pair] = NONE;
    });
    return pair;
  }

  /** The bucket held this state when the devices came: what a device writes down of what it said. */
  recall({ device, deployment }: DevicePair, { phase, desired_digest: digest }: DeploymentState): void {
    const pair = this.#pairOf(device, deployment);
    this.#change(pair, () => this.#acknowledge(pair, codeOf(phase), digest ?? null));
  }

  /** What a pair should say at this moment. */
  step(pair: number, nowMs: number): Step {
    const { wanted, phase, told, toldDigest, doneAtMs, doubtful } = this.#columns;
    const digest = wanted[pair];
    if (digest === undefined) return NOTHING;
    if (digest === null) return told[pair] === NONE ? NOTHING : { write: gone(pair), againAtMs: null };
    if (phase[pair] === NONE) this.#begin(pair, digest, nowMs);
    if (phase[pair] === PENDING && nowMs >= doneAtMs[pair]!) phase[pair] = this.#outcome(pair, digest);
    const news = told[pair] !== phase[pair] || toldDigest[pair] !== digest;
    const kind = news ? "put" : doubtful[pair] === 1 ? "offer" : null;
    return {
      write: kind === null ? null : writeOf(pair, kind, { phase: phase[pair] as PhaseCode, digest }),
      againAtMs: phase[pair] === PENDING ? doneAtMs[pair]! : null,
    };
  }

  /** The bucket has what was written, or had what was offered. */
  written({ pair, kind, phase, digest }: StateWrite): void {
    this.#change(pair, () => {
      if (kind === "delete") this.#acknowledge(pair, NONE, null);
      else this.#acknowledge(pair, codeOf(phase), digest);
      this.#columns.doubtful[pair] = 0;
    });
  }

  /** The buckets may have lost what this device said: gives the pairs that are to be offered again. */
  doubt(device: number): readonly number[] {
    const pairs = this.#pairsOfDevice[device] ?? [];
    for (const pair of pairs) this.doubtOne(pair);
    return pairs;
  }

  doubtOne(pair: number): void {
    this.#change(pair, () => (this.#columns.doubtful[pair] = 1));
  }

  /** The buckets are those of an earlier day: everything is to be said again. Gives the pairs. */
  forgetTold(device: number): readonly number[] {
    const pairs = this.#pairsOfDevice[device] ?? [];
    for (const pair of pairs) this.#change(pair, () => this.#acknowledge(pair, NONE, null));
    return pairs;
  }

  pairsOf(device: number): readonly number[] {
    return this.#pairsOfDevice[device] ?? [];
  }

  nameOf(pair: number): DevicePair {
    const { device, deployment } = this.#columns;
    return { device: this.devices[device[pair]!]!, deployment: this.#deployments[deployment[pair]!]! };
  }

  /** The number of a pair that is known; undefined for others. */
  find({ device, deployment }: DevicePair): number | undefined {
    const [number, other] = [this.#numbers.get(device), this.#deploymentNumbers.get(deployment)];
    return number === undefined || other === undefined ? undefined : this.#pairs.get(number * DEVICES_SHIFT + other);
  }

  wantedDigest(pair: number): string | null | undefined {
    return this.#columns.wanted[pair];
  }

  /** Names of deployments that were seen. */
  deployments(): number {
    return this.#deployments.length;
  }

  standing(): Standing {
    const [, Pending = 0, Running = 0, Failed = 0] = this.#phases;
    return { wanted: this.#wanted, settled: this.#settled, phases: { Pending, Running, Failed } };
  }

  // What was said about this very value stands: a device that restarts finds its containers running.
  #begin(pair: number, digest: string, nowMs: number): void {
    const { phase, told, toldDigest, doneAtMs } = this.#columns;
    const isDone = toldDigest[pair] === digest && told[pair] !== PENDING && told[pair] !== NONE;
    phase[pair] = isDone ? told[pair]! : PENDING;
    doneAtMs[pair] = nowMs + this.#delayMs(pair, digest);
  }

  #outcome(pair: number, digest: string): PhaseCode {
    return this.#chance("outcome", pair, digest) * 100 < this.#behaviour.failPercent ? FAILED : RUNNING;
  }

  #delayMs(pair: number, digest: string): number {
    return Math.round(this.#behaviour.delayMs * (0.5 + this.#chance("delay", pair, digest)));
  }

  // The same pair and value fare the same in every run with this seed.
  #chance(what: string, pair: number, digest: string): number {
    return chance(this.#behaviour.seed, what, stateKey(this.nameOf(pair)), digest);
  }

  /** Devices by the thousand are given the same value: its digest is kept once. */
  #shared(digest: string): string {
    const known = this.#digests.get(digest);
    if (known !== undefined) return known;
    if (this.#digests.size >= DIGESTS_MAX) this.#digests.clear();
    this.#digests.set(digest, digest);
    return digest;
  }

  #acknowledge(pair: number, phase: PhaseCode, digest: string | null): void {
    this.#columns.told[pair] = phase;
    this.#columns.toldDigest[pair] = digest;
  }

  /** Counts what a change makes of a pair, so that nobody has to count all of them. */
  #change(pair: number, change: () => void): void {
    this.#count(pair, -1);
    change();
    this.#count(pair, 1);
  }

  #count(pair: number, by: 1 | -1): void {
    const { wanted, told, toldDigest, doubtful } = this.#columns;
    const phase = told[pair]!;
    this.#phases[phase] = this.#phases[phase]! + by;
    const digest = wanted[pair];
    if (typeof digest !== "string") return;
    this.#wanted += by;
    if (toldDigest[pair] === digest && phase >= RUNNING && doubtful[pair] === 0) this.#settled += by;
  }

  #pairOf(device: DeviceId, deployment: DeploymentName): number {
    const number = this.#numbers.get(device);
    if (number === undefined) throw new Error(`${device} is not simulated; this is a bug`);
    const key = number * DEVICES_SHIFT + this.#deploymentOf(deployment);
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const pair = this.#columns.add(number, this.#deploymentOf(deployment));
    this.#pairs.set(key, pair);
    this.#count(pair, 1);
    (this.#pairsOfDevice[number] ??= []).push(pair);
    return pair;
  }

  #deploymentOf(name: DeploymentName): number {
    const known = this.#deploymentNumbers.get(name);
    if (known !== undefined) return known;
    this.#deploymentNumbers.set(name, this.#deployments.length);
    return this.#deployments.push(name) - 1;
  }
}

const NAMES: readonly (Phase | null)[] = [null, "Pending", "Running", "Failed"];

function codeOf(phase: Phase | null): PhaseCode {
  return NAMES.indexOf(phase) as PhaseCode;
}

function gone(pair: number): StateWrite {
  return { pair, kind: "delete", phase: null, digest: "", error: null };
}

function writeOf(
  pair: number,
  kind: "put" | "offer",
  { phase, digest }: { readonly phase: PhaseCode; readonly digest: string },
): StateWrite {
  return { pair, kind, phase: NAMES[phase] ?? null, digest, error: phase === FAILED ? SIMULATED_ERROR : null };
}
