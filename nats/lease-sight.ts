/** What a process sees of the lease's key through its feed, and how long it is no use to look again. */
import type { FeedChange } from "./feed.ts";
import { OVER_SHARE, type LeaseValue } from "./lease-value.ts";

/** A lease that somebody else wrote. */
export interface ForeignLease {
  readonly holder: string;
  /** When the server stored it, by the server's clock. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** How a change is to be understood. */
export interface SeenOptions {
  /** By the monotonic clock of this process. */
  readonly nowMs: number;
  /** It happened just now, and is not a replay of what was before. */
  readonly live: boolean;
  readonly parse: (value: Uint8Array) => LeaseValue;
}

/** The last state of the key that was seen. */
export class LeaseSight {
  readonly #token: string;
  #foreign: ForeignLease | null = null;
  #ours = false;
  #lookAtMs = 0;
  /** Of the last message seen, for the next compare-and-set; 0 where there is none. */
  revision = 0;

  constructor(token: string) {
    this.#token = token;
  }

  see(change: FeedChange, { nowMs, live, parse }: SeenOptions): void {
    if (change.kind === "absent") {
      // A bucket that was lost says nothing about the holder, who may go on for as long as it was granted last.
      if (this.#foreign !== null) this.#lookAtMs = nowMs + this.#foreign.durationMs;
      this.revision = 0;
      this.#foreign = null;
      return;
    }
    this.revision = change.revision;
    this.#foreign = null;
    this.#ours = false;
    this.#lookAtMs = nowMs;
    if (change.kind !== "put") return;
    const lease = parse(change.value);
    this.#ours = lease.token === this.#token;
    if (this.#ours) return;
    this.#foreign = { holder: lease.holder, atMs: change.atMs, durationMs: lease.duration_ms };
    if (live) this.#lookAtMs = nowMs + lease.duration_ms * OVER_SHARE;
  }

  /** The lease of somebody else, run out or not; null where there is none. */
  foreign(): ForeignLease | null {
    return this.#foreign;
  }

  holder(): string | null {
    return this.#foreign?.holder ?? null;
  }

  /** True where somebody else wrote or deleted after this revision of ours. */
  isTakenFrom(ourRevision: number): boolean {
    return !this.#ours && this.revision > ourRevision;
  }

  /** Before this moment of the monotonic clock nobody else's lease can have run out. */
  lookAgainAt(atMs: number): void {
    this.#lookAtMs = atMs;
  }

  /** Milliseconds until it is worth asking the server. */
  waitMs(nowMs: number): number {
    return this.#lookAtMs - nowMs;
  }
}
