/** What a feed has to remember of the bucket it follows, where its reader does not do so itself. */
import { KnownKeys } from "./known-keys.ts";

/** Notes what was told, so that a replay repeats nothing and forgets nothing. */
export interface FeedMemory {
  /** Keys whose last message is known, markers included. */
  readonly size: number;
  /** Keys that hold a value. */
  readonly puts: number;
  /** True between `beginReplay` and `endReplay`. */
  readonly replaying: boolean;
  /** A replay of the whole bucket begins: so many keys, as far as is known. */
  beginReplay(keys: number): void;
  /** Notes a message. False where it was noted before. */
  observe(key: string, message: { atUs: number; marker: boolean }): boolean;
  /** The keys that held a value and did not come in this replay; they are forgotten. */
  endReplay(): string[];
}

/**
 * A reader that knows what the bucket holds. Instead of `absent` changes it is told to forget everything, before all is
 * told again; and what it was told may be told twice.
 */
export interface RememberingReader {
  /** Everything will be told anew, up to `synced`. */
  forget(): void;
  /** How many keys it knows of, markers included, and how many of them hold a value; all that it was told must be in it. */
  counts(): { readonly keys: number; readonly values: number };
}

/** The memory of a feed: its own, or that of its reader. */
export function memoryOf(reader: RememberingReader | undefined): FeedMemory {
  return reader === undefined ? new KnownKeys() : new MemoryOfReader(reader);
}

class MemoryOfReader implements FeedMemory {
  readonly #reader: RememberingReader;
  replaying = false;

  constructor(reader: RememberingReader) {
    this.#reader = reader;
  }

  get size(): number {
    return this.#reader.counts().keys;
  }

  get puts(): number {
    return this.#reader.counts().values;
  }

  beginReplay(): void {
    this.replaying = true;
    this.#reader.forget();
  }

  observe(): boolean {
    return true;
  }

  endReplay(): string[] {
    this.replaying = false;
    return [];
  }
}
