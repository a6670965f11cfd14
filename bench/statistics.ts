/** What several measurements of the same thing come to. */

/** Milliseconds. */
export interface Summary {
  readonly median: number;
  readonly p90: number;
  readonly min: number;
  readonly max: number;
}

/** Summarises at least one value. */
export function summarise(valuesMs: readonly number[]): Summary {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { median: at(0.5), p90: at(0.9), min: at(0), max: at(1) };
}
