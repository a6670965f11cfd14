/** How far a feed has come, in which stream, and what it knows of the bucket. */
import type { FeedMemory } from "./feed-memory.ts";
import type { OwnMessage } from "./feed-hold.ts";

const US_PER_MS = 1_000;

/** The last message that is known; its sequence and its time together name it. */
export interface LastMessage {
  readonly seq: number;
  /** Null where the reader wrote it itself: an acknowledgement tells no time. */
  readonly atUs: number | null;
  readonly key: string;
}

/** Kept from one consumer to the next, so that the next goes on where the last one ended. */
export class FeedPosition {
  readonly known: FeedMemory;
  #streamCreated: string | null = null;
  #last: LastMessage | null = null;
  #isComplete = false;
  #replayBeganMs = 0;
  /** How long the last whole replay took. */
  replayTookMs = 0;
  /** All of the stream up to here is told, though there may be no message. */
  reachedSeq = 0;

  constructor(known: FeedMemory) {
    this.known = known;
  }

  /** The last message of this stream that is known, or null before the first. */
  get last(): LastMessage | null {
    return this.#last;
  }

  /** True where a whole replay has come, and all that was delivered since. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** True where the newest message there is (null for none) is the last one that is known. */
  isNewest(newest: { readonly revision: number; readonly atMs: number } | null): boolean {
    if (newest === null || this.#last === null) return newest === this.#last;
    const { seq, atUs } = this.#last;
    return newest.revision === seq && atUs !== null && newest.atMs === Math.floor(atUs / US_PER_MS);
  }

  /** True where a consumer may go on behind the last message: same stream, and it has not lost its end. */
  canResume(stream: { created: string; lastSeq: number }): boolean {
    return this.#streamCreated === stream.created && stream.lastSeq >= (this.#last?.seq ?? 0);
  }

  /** Begins at the beginning of this stream: all keys, so many as is known, will come again; those that do not are gone. */
  restart(streamCreated: string | null, keys: number): void {
    this.#streamCreated = streamCreated;
    this.#last = null;
    this.#isComplete = false;
    this.reachedSeq = 0;
    this.#replayBeganMs = performance.now();
    this.known.beginReplay(keys);
  }

  /** Makes the next consumer begin at the beginning, whatever the stream. */
  distrust(): void {
    this.#streamCreated = null;
  }

  /** Notes a delivered message. */
  advance(last: LastMessage): void {
    this.#last = last;
    this.reachedSeq = last.seq;
  }

  /** Goes on behind what the reader wrote itself. */
  skip({ key, seq }: OwnMessage): void {
    this.advance({ key, seq, atUs: null });
  }

  /** Ends a replay, where one is under way: returns the keys that are gone without a marker. */
  settle(): string[] {
    this.#isComplete = true;
    if (!this.known.replaying) return [];
    this.replayTookMs = performance.now() - this.#replayBeganMs;
    return this.known.endReplay();
  }
}
