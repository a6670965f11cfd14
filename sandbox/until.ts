/** Waits until something is true, with a limit: what tests and the demo use instead of sleeping. */

const LIMIT_MS = 20_000;
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 100;

/** What to say when it takes too long, and how long is too long. */
export interface UntilOptions {
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks `probe` again and again until it gives something else than false, null or undefined, and resolves with that.
 * A probe that throws is asked again, too. Past the limit it rejects with `what` and the last error as its cause.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { limitMs = LIMIT_MS, signal }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let pauseMs = PAUSE_MIN_MS;
  for (;;) {
    signal?.throwIfAborted();
    const { value, error } = await attempt(probe);
    if (value !== false && value !== null && value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new Error(`waited ${limitMs} ms in vain: ${what}`, error === undefined ? undefined : { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 1.5);
  }
}

async function attempt<T>(probe: () => T | Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await probe() };
  } catch (error) {
    return { error };
  }
}
