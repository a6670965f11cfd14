/** What simulated devices do: pure. Wanted values and reported states go in, what to write and when comes out. */
import { hash } from "node:crypto";
import { stateKey, type DevicePair } from "#schema/keys.ts";
import type { DeploymentState, Phase } from "#schema/wire.ts";

/** How devices behave. */
export interface Behaviour {
  /** From seeing a value to running it; each pair takes between half and one and a half times this. */
  readonly delayMs: number;
  /** How many of 100 pairs fail. */
  readonly failPercent: number;
  /** The same seed fails the same pairs. */
  readonly seed: number;
}

/** What a device has to tell: a state of a pair, or that it is gone. */
export interface Report {
  readonly key: string;
  readonly pair: DevicePair;
  /** Null: the deployment is gone from the device, and so is its state. */
  readonly phase: Phase | null;
  readonly digest: string | null;
  readonly error: string | null;
}

/** What to write now, and when to look at this pair again (null: when something happens). */
export interface Step {
  readonly report: Report | null;
  readonly againInMs: number | null;
}

interface Known {
  readonly pair: DevicePair;
  /** The digest wanted now; null after a delete marker; undefined while nothing is known: absence is no intent. */
  wanted: string | null | undefined;
  /** What the bucket holds, as far as has been seen or written. */
  shown: { readonly phase: Phase; readonly digest: string | undefined } | null;
  /** When work on `wanted` ends. */
  doneAtMs: number | null;
  /** True once we wrote a state: what the feed brings then is our own echo. */
  spoken: boolean;
}

/** All pairs of all simulated devices. */
export class SimulatedFleet {
  readonly #pairs = new Map<string, Known>();
  readonly #behaviour: Behaviour;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  /** A value is wanted (its digest), or a delete marker was seen (null). */
  want(pair: DevicePair, digest: string | null): void {
    const known = this.#known(pair);
    if (known.wanted === digest) return;
    known.wanted = digest;
    known.doneAtMs = null;
  }

  /** The bucket held this state of a pair when we came. What we said since then is known better here. */
  show(pair: DevicePair, state: DeploymentState | null): void {
    const known = this.#known(pair);
    if (known.spoken) return;
    known.shown = state === null ? null : { phase: state.phase, digest: state.desired_digest };
  }

  /** The bucket lost the state of a pair: it is to be said again. */
  lose(pair: DevicePair): void {
    this.#known(pair).shown = null;
  }

  /** What a pair should report at this moment. */
  step(pair: DevicePair, nowMs: number): Step {
    const known = this.#known(pair);
    const { wanted, shown } = known;
    if (wanted === undefined) return NOTHING_TO_DO;
    if (wanted === null) return this.#gone(known);
    if (shown?.digest === wanted && shown.phase !== "Pending") return NOTHING_TO_DO;
    known.doneAtMs ??= nowMs + this.#delayMs(pair, wanted);
    if (nowMs >= known.doneAtMs) return { report: this.#report(known, this.#outcome(pair, wanted)), againInMs: null };
    const pending = shown?.digest === wanted ? null : this.#report(known, { phase: "Pending", error: null });
    return { report: pending, againInMs: known.doneAtMs - nowMs };
  }

  /** How many pairs are in which phase. */
  counts(): Record<Phase, number> {
    const counts = { Pending: 0, Running: 0, Failed: 0 };
    for (const { shown } of this.#pairs.values()) if (shown !== null) counts[shown.phase] += 1;
    return counts;
  }

  #gone(known: Known): Step {
    const { pair, shown } = known;
    this.#pairs.delete(stateKey(pair));
    if (shown === null) return NOTHING_TO_DO;
    return { report: { key: stateKey(pair), pair, phase: null, digest: null, error: null }, againInMs: null };
  }

  #report(known: Known, { phase, error }: { phase: Phase; error: string | null }): Report {
    const digest = known.wanted ?? null;
    known.shown = { phase, digest: digest ?? undefined };
    known.spoken = true;
    return { key: stateKey(known.pair), pair: known.pair, phase, digest, error };
  }

  #outcome(pair: DevicePair, digest: string): { phase: Phase; error: string | null } {
    const fails = this.#chance("outcome", pair, digest) * 100 < this.#behaviour.failPercent;
    return fails ? { phase: "Failed", error: SIMULATED_ERROR } : { phase: "Running", error: null };
  }

  #delayMs(pair: DevicePair, digest: string): number {
    return Math.round(this.#behaviour.delayMs * (0.5 + this.#chance("delay", pair, digest)));
  }

  // The same pair and value fare the same in every run with this seed.
  #chance(what: string, pair: DevicePair, digest: string): number {
    const text = `${this.#behaviour.seed} ${what} ${stateKey(pair)} ${digest}`;
    return Number.parseInt(hash("sha256", text).slice(0, 8), 16) / 2 ** 32;
  }

  #known(pair: DevicePair): Known {
    const key = stateKey(pair);
    const known = this.#pairs.get(key) ?? { pair, wanted: undefined, shown: null, doneAtMs: null, spoken: false };
    this.#pairs.set(key, known);
    return known;
  }
}

const NOTHING_TO_DO: Step = { report: null, againInMs: null };
const SIMULATED_ERROR = "simulated failure: this device was told to fail; run without --fail-percent";
