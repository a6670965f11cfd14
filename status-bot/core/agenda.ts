/** What may be done at a moment, and when the next thing falls due. */
import type { Place } from "./events.ts";
import { subjectOf, type BotEffect } from "./planned-effects.ts";
import type { BotState } from "./state.ts";

/** Collects what can be done now, and the earliest moment at which something rests no more. */
export class Agenda {
  readonly #state: BotState;
  readonly #nowMs: number;
  wakeAtMs: number | null = null;

  constructor(state: BotState, nowMs: number) {
    this.#state = state;
    this.#nowMs = nowMs;
  }

  /** True where the moment has come; else the agenda wakes then. */
  isDue(atMs: number): boolean {
    if (atMs <= this.#nowMs) return true;
    this.wakeAtMs = Math.min(this.wakeAtMs ?? atMs, atMs);
    return false;
  }

  /** True where neither the places that an effect needs nor its subject rest. */
  isAwake(effect: BotEffect, places: readonly Place[]): boolean {
    return [...places, subjectOf(effect)].every((key) => this.isDue(this.#state.rests.get(key)?.untilMs ?? 0));
  }
}
