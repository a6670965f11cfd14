/** The keys that a feed has told its reader of, so that a replay repeats nothing and forgets nothing. */
import type { FeedMemory } from "./feed-memory.ts";

/** Remembers the last message of each key by its time, which no other message of that key has. */
export class KnownKeys implements FeedMemory {
  /** Microseconds since 1970; negative where the message is a marker. */
  readonly #lastUs = new Map<string, number>();
  #unseen: Set<string> | null = null;
  #puts = 0;

  /** Keys whose last message is known, markers included. */
  get size(): number {
    return this.#lastUs.size;
  }

  /** Keys that hold a value. */
  get puts(): number {
    return this.#puts;
  }

  /** True between `beginReplay` and `endReplay`. */
  get replaying(): boolean {
    return this.#unseen !== null;
  }

  /** A replay of the whole bucket begins: until `endReplay` it is noted which keys come. */
  beginReplay(): void {
    this.#unseen = new Set(this.#lastUs.keys());
  }

  /** Notes a message. False where it was noted before. */
  observe(key: string, message: { atUs: number; marker: boolean }): boolean {
    this.#unseen?.delete(key);
    const before = this.#lastUs.get(key);
    const signedUs = message.marker ? -message.atUs : message.atUs;
    if (before === signedUs) return false;
    if (before !== undefined && before > 0) this.#puts -= 1;
    if (!message.marker) this.#puts += 1;
    this.#lastUs.set(key, signedUs);
    return true;
  }

  /** The keys that held a value and did not come in this replay; they are forgotten. */
  endReplay(): string[] {
    const gone = [...(this.#unseen ?? [])];
    this.#unseen = null;
    return gone.filter((key) => this.#forget(key));
  }

  #forget(key: string): boolean {
    const held = (this.#lastUs.get(key) ?? 0) > 0;
    this.#lastUs.delete(key);
    if (held) this.#puts -= 1;
    return held;
  }
}
