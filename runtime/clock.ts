/** Time as an argument, so that what waits can be tested without waiting. */

/** What the time is, and a timer. */
export interface Clock {
  /** Milliseconds since 1970, by this machine's idea of the time: for people and for the wire. May jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment; never jumps: for measuring how long something took. */
  monotonicMs(): number;
  /** Calls `fn` once after `ms`; what it returns cancels the call. */
  after(ms: number, fn: () => void): () => void;
}

// setTimeout fires at once for anything longer.
const TIMER_MAX_MS = 2_147_483_647;

/** The real time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(Math.max(ms, 0), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};

const COARSE_STEP_MS = 50;

/**
 * A length for a timer that need not fire to the millisecond, never shorter than `ms`. Node keeps a list for each length:
 * ten thousand connections that all wait for another time cost more than their timers.
 */
export function coarseMs(ms: number): number {
  return Math.ceil(ms / COARSE_STEP_MS) * COARSE_STEP_MS;
}

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time forward and runs, in order, each timer that falls due on the way. */
  advance(ms: number): void;
}

/** A clock for tests, standing at `startMs`. */
export function manualClock(startMs = 0): ManualClock {
  let now = startMs;
  let timers: { readonly dueMs: number; readonly fn: () => void }[] = [];
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    after(ms, fn) {
      const timer = { dueMs: now + Math.max(ms, 0), fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const untilMs = now + ms;
      for (;;) {
        const due = timers.filter((timer) => timer.dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        now = due.dueMs;
        due.fn();
      }
      now = untilMs;
    },
  };
}

/** Resolves after `ms`, or at once when `signal` aborts: never rejects, so look at the signal afterwards. */
export function sleep(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
