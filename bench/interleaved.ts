/** Two ways to do the same work, measured in turn, so that a slow moment of the machine hits both. */

/** The best of each: what noise added is not in it. */
export interface Best {
  readonly ours: number;
  readonly limit: number;
}

/** So many rounds, unless a row says otherwise. */
export const ROUNDS = 3;

/** Runs both, in turn, and gives the lowest of each. Each gives what it measured: milliseconds, or another cost. */
export async function interleaved(
  ours: (round: number) => Promise<number> | number,
  limit: (round: number) => Promise<number> | number,
  rounds = ROUNDS,
): Promise<Best> {
  const best = { ours: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round += 1) {
    best.limit = Math.min(best.limit, await limit(round));
    best.ours = Math.min(best.ours, await ours(round));
  }
  return best;
}

/** How long `work` takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}
