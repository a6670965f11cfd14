/** How long it takes from a commit to the states about it, by the server's clock. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** So many commits are told apart; of older ones only what is counted elsewhere remains. */
const COMMITS_MAX = 100;

/** Milliseconds from the server's stamp of a desired value to its stamp of a state. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What is known about the values of one commit. */
export interface CommitTimes {
  /** Null: the values did not say where they come from. */
  readonly commit: string | null;
  /** Values that came while the devices were there. */
  readonly values: number;
  /** To the first state about a value, which most often is Pending. */
  readonly reported: Percentiles;
  /** To the state that ended it: Running or Failed. */
  readonly settled: Percentiles;
}

interface Entry {
  values: number;
  readonly reported: RecordableHistogram;
  readonly settled: RecordableHistogram;
}

/** Collects the times of the newest commits, in a bounded amount of memory each. */
export class CommitTimeTable {
  /** Oldest first. */
  readonly #entries = new Map<string | null, Entry>();

  /** A device was given a value of this commit. */
  wanted(commit: string | null): void {
    const entry = this.#entries.get(commit) ?? { values: 0, reported: createHistogram(), settled: createHistogram() };
    entry.values += 1;
    this.#entries.set(commit, entry);
    if (this.#entries.size <= COMMITS_MAX) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** A state about a value of this commit is in the bucket. */
  reported(commit: string | null, which: "reported" | "settled", ms: number): void {
    // A histogram begins at 1.
    this.#entries.get(commit)?.[which].record(Math.max(1, Math.round(ms)));
  }

  /** Oldest commit first. */
  times(): CommitTimes[] {
    return [...this.#entries].map(([commit, { values, reported, settled }]) => ({
      commit,
      values,
      reported: percentilesOf(reported),
      settled: percentilesOf(settled),
    }));
  }
}

function percentilesOf(histogram: RecordableHistogram): Percentiles {
  const { count } = histogram;
  if (count === 0) return { count, p50: 0, p90: 0, p99: 0, max: 0 };
  return {
    count,
    p50: histogram.percentile(50),
    p90: histogram.percentile(90),
    p99: histogram.percentile(99),
    max: histogram.max,
  };
}
