/** Events in, effects out: the one shape of every daemon. Decisions are pure; this file owns order, timers and flight. */
import { sleep, type Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Something to do in the world. At most one effect is in flight per `key`. */
export interface Effect {
  readonly key: string;
}

/** What is still missing, and when to look again though nothing happened. */
export interface Decision<F extends Effect> {
  readonly effects: readonly F[];
  readonly wakeAtMs: number | null;
}

/** The pure core of a daemon. `observe` records what was seen, `decide` says what is still missing. */
export interface Program<S, E, F extends Effect> {
  observe(state: S, event: E, nowMs: number): S;
  decide(state: S, nowMs: number): Decision<F>;
}

/** After a perform that rejected (a programmer's mistake) its key rests this long: an error must not become a hot loop. */
export const REJECTED_REST_MS = 1_000;

export interface LoopOptions<S, E, F extends Effect> {
  readonly program: Program<S, E, F>;
  readonly state: S;
  /** Does one effect and says what was seen: one event, several, or none. Failures come back as events. */
  readonly perform: (effect: F, signal: AbortSignal) => Promise<E | readonly E[] | null>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Loop<S, E> {
  send(event: E): void;
  state(): S;
  /** Aborts what is in flight, waits for it, and starts nothing more. */
  stop(): Promise<void>;
}

/** Starts a loop: decides once at the start, then after each event, each finished effect and each wake-up. */
export function startLoop<S, E, F extends Effect>(options: LoopOptions<S, E, F>): Loop<S, E> {
  const { program, perform, clock, logger } = options;
  const inFlight = new Map<string, Promise<void>>();
  const stop = new AbortController();
  let state = options.state;
  let cancelWake: (() => void) | null = null;
  let deciding = false;

  function observe(event: E): void {
    state = program.observe(state, event, clock.nowMs());
  }

  // Events that arrive in one go are decided upon once: decisions look at the state alone, so none is missed.
  function decideSoon(): void {
    if (deciding || stop.signal.aborted) return;
    deciding = true;
    queueMicrotask(() => {
      deciding = false;
      if (!stop.signal.aborted) decideNow();
    });
  }

  function decideNow(): void {
    cancelWake?.();
    const nowMs = clock.nowMs();
    const { effects, wakeAtMs } = program.decide(state, nowMs);
    cancelWake = wakeAtMs === null ? null : clock.after(Math.max(0, wakeAtMs - nowMs), decideSoon);
    for (const effect of effects) if (!inFlight.has(effect.key)) start(effect);
  }

  function start(effect: F): void {
    const flight = Promise.resolve()
      .then(() => perform(effect, stop.signal))
      .then(finished, async (error: unknown) => {
        logger.error({ err: error, effect: effect.key }, "an effect failed without saying so in an event");
        await sleep(REJECTED_REST_MS, stop.signal, clock);
      })
      .finally(() => {
        inFlight.delete(effect.key);
        decideSoon();
      });
    inFlight.set(effect.key, flight);
  }

  function finished(seen: E | readonly E[] | null): void {
    for (const event of isList(seen) ? seen : seen === null ? [] : [seen]) observe(event);
  }

  decideSoon();
  return {
    send(event) {
      observe(event);
      decideSoon();
    },
    state: () => state,
    async stop() {
      stop.abort();
      cancelWake?.();
      await Promise.allSettled(inFlight.values());
    },
  };
}

// Array.isArray does not narrow readonly arrays.
function isList<E>(seen: E | readonly E[] | null): seen is readonly E[] {
  return Array.isArray(seen);
}
