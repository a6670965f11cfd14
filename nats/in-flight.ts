/** Writes that were sent and not answered yet, by the number in their reply subject: a ring, since most are answered in order. */
import type { WriteSink } from "./write-source.ts";
import type { Write } from "./write.ts";

/** So that large values do not fill memory before the server takes them. */
const BYTES_MAX = 8 * 1024 * 1024;
/** The ring has more places than there may be writes in flight: one late answer does not stop the others. */
const PLACES_PER_WRITE = 2;

/** One write on its way. */
export interface Outstanding {
  readonly id: number;
  readonly write: Write;
  readonly sink: WriteSink;
  readonly bytes: number;
  readonly sentAtMs: number;
}

export class InFlight {
  readonly #window: number;
  readonly #places: (Outstanding | undefined)[];
  /** Nothing before this number is outstanding. */
  #oldestId = 1;
  #nextId = 1;
  #count = 0;
  #bytes = 0;

  /** `window`: the most writes on their way. */
  constructor(window: number) {
    this.#window = window;
    this.#places = Array.from({ length: window * PLACES_PER_WRITE });
  }

  get size(): number {
    return this.#count;
  }

  hasRoom(): boolean {
    const { length } = this.#places;
    return this.#count < this.#window && this.#bytes < BYTES_MAX && this.#nextId - this.#oldestId < length;
  }

  /** The number that the next write gets. */
  get nextId(): number {
    return this.#nextId;
  }

  add(write: Write, { sink, bytes, nowMs }: { sink: WriteSink; bytes: number; nowMs: number }): void {
    const id = this.#nextId;
    this.#places[id % this.#places.length] = { id, write, sink, bytes, sentAtMs: nowMs };
    this.#nextId += 1;
    this.#count += 1;
    this.#bytes += bytes;
  }

  /** Takes a write out; undefined where it was given up already. */
  take(id: number): Outstanding | undefined {
    const place = id % this.#places.length;
    const found = this.#places[place];
    if (found === undefined || found.id !== id) return undefined;
    this.#places[place] = undefined;
    this.#count -= 1;
    this.#bytes -= found.bytes;
    while (this.#oldestId < this.#nextId && this.#places[this.#oldestId % this.#places.length] === undefined) {
      this.#oldestId += 1;
    }
    return found;
  }

  /** Those on their way now, the oldest first. */
  all(): Outstanding[] {
    const all: Outstanding[] = [];
    for (let id = this.#oldestId; id < this.#nextId; id += 1) {
      const found = this.#places[id % this.#places.length];
      if (found !== undefined) all.push(found);
    }
    return all;
  }
}
