/** What goes wrong and when: so many incidents a minute, at moments and to whom the seed says. */
import { chance } from "./chance.ts";

const MINUTE_MS = 60_000;

/** Of what kind, how often, and among how many. */
export interface IncidentPlan {
  /** A word of the seed: different kinds of incidents do not fall together. */
  readonly kind: string;
  readonly perMinute: number;
  readonly among: number;
  readonly seed: number;
}

/** Tells who is struck; the time counts from the first question. */
export class Incidents {
  readonly #plan: IncidentPlan;
  #startedAtMs: number | null = null;
  #told = 0;
  #nextAfterMs: number;

  constructor(plan: IncidentPlan) {
    this.#plan = plan;
    this.#nextAfterMs = this.#gapMs();
  }

  /** Those who are struck by now, in order; none twice, however late the question comes. */
  due(nowMs: number): number[] {
    this.#startedAtMs ??= nowMs;
    const struck = new Set<number>();
    while (this.#nextAfterMs <= nowMs - this.#startedAtMs) {
      struck.add(Math.floor(this.#chance("whom") * this.#plan.among));
      this.#told += 1;
      this.#nextAfterMs += this.#gapMs();
    }
    return [...struck];
  }

  // Independent of each other, as accidents are: the pauses between them are distributed exponentially.
  #gapMs(): number {
    const { perMinute } = this.#plan;
    return perMinute === 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - this.#chance("when")) * MINUTE_MS) / perMinute;
  }

  #chance(what: string): number {
    return chance(this.#plan.seed, this.#plan.kind, what, this.#told);
  }
}
