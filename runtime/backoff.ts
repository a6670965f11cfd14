/** How long to wait before trying again: exponential with full jitter, so that a fleet does not retry in step. */

/** Which try this is (0 for the first retry), where the waits begin and where they stop growing. */
export interface Backoff {
  readonly attempt: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

// 2^30 times any base is beyond every sensible maximum; more would only lose precision.
const DOUBLINGS_MAX = 30;

/** Milliseconds to wait: anywhere between 0 and the exponential bound of this attempt. `random` gives [0, 1). */
export function backoffMs({ attempt, baseMs, maxMs }: Backoff, random: () => number): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(attempt, 0), DOUBLINGS_MAX));
  return Math.floor(random() * bound);
}
