/** How far a feed has come, in which stream, and what it knows of the bucket. */
import { KnownKeys } from "./known-keys.ts";

/** The last message delivered: its sequence and its time together name it. */
export interface LastMessage {
  readonly seq: number;
  readonly atUs: number;
}

/** Kept from one consumer to the next, so that the next goes on where the last one ended. */
export class FeedPosition {
  readonly known = new KnownKeys();
  #streamCreated: string | null = null;
  #last: LastMessage | null = null;
  #replayBeganMs = 0;
  /** How long the last whole replay took. */
  replayTookMs = 0;

  /** The last message delivered in this stream, or null before the first. */
  get last(): LastMessage | null {
    return this.#last;
  }

  /** True where a consumer may go on behind the last message: same stream, and it has not lost its end. */
  canResume(stream: { created: string; lastSeq: number }): boolean {
    return this.#streamCreated === stream.created && stream.lastSeq >= (this.#last?.seq ?? 0);
  }

  /** Begins at the beginning of this stream: all keys will come again, and those that do not are gone. */
  restart(streamCreated: string | null): void {
    this.#streamCreated = streamCreated;
    this.#last = null;
    this.#replayBeganMs = performance.now();
    this.known.beginReplay();
  }

  /** Makes the next consumer begin at the beginning, whatever the stream. */
  distrust(): void {
    this.#streamCreated = null;
  }

  /** Notes a delivered message. */
  advance(last: LastMessage): void {
    this.#last = last;
  }

  /** Ends a replay, where one is under way: returns the keys that are gone without a marker. */
  settle(): string[] {
    if (!this.known.replaying) return [];
    this.replayTookMs = performance.now() - this.#replayBeganMs;
    return this.known.endReplay();
  }
}
