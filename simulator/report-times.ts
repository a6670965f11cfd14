/** When values were wanted and when the states about them were stored, pair by pair, by the server's clock. */
import { CommitTimeTable, type CommitTimes } from "./commit-times.ts";

interface Open {
  readonly commit: string | null;
  readonly wantedAtMs: number;
  reported: boolean;
}

/** Tells the table of commits of the first and of the last state about each value. */
export class ReportTimes {
  readonly #table = new CommitTimeTable();
  /** Pairs whose value has no last state yet. */
  readonly #open = new Map<number, Open>();

  /** A pair got a value; the last one is timed no longer. */
  wanted(pair: number, commit: string | null, atMs: number): void {
    this.#table.wanted(commit);
    this.#open.set(pair, { commit, wantedAtMs: atMs, reported: false });
  }

  /** A value that nobody waits for: it was there before the devices, or it is gone. */
  untimed(pair: number): void {
    this.#open.delete(pair);
  }

  /** A state about the value of a pair is in the bucket; `isLast` where nothing more is to come. */
  stored(pair: number, atMs: number, isLast: boolean): void {
    const open = this.#open.get(pair);
    if (open === undefined) return;
    const tookMs = atMs - open.wantedAtMs;
    if (!open.reported) this.#table.reported(open.commit, "reported", tookMs);
    open.reported = true;
    if (!isLast) return;
    this.#table.reported(open.commit, "settled", tookMs);
    this.#open.delete(pair);
  }

  commits(): CommitTimes[] {
    return this.#table.times();
  }
}
