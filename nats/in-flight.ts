/**
 * Writes that were sent and not answered yet, by the number in their reply subject: a ring, since most are answered in
 * order. Columns instead of an object each: a write on its way outlives many young objects, and each of those costs again.
 */
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
  readonly sentAtMs: number;
}

export class InFlight {
  readonly #window: number;
  readonly #writes: (Write | undefined)[];
  readonly #sinks: (WriteSink | undefined)[];
  readonly #bytes: Float64Array;
  readonly #sentAtMs: Float64Array;
  /** Nothing before this number is outstanding. */
  #oldestId = 1;
  #nextId = 1;
  #count = 0;
  #bytesInAll = 0;

  /** `window`: the most writes on their way. */
  constructor(window: number) {
    const places = window * PLACES_PER_WRITE;
    this.#window = window;
    this.#writes = Array.from({ length: places });
    this.#sinks = Array.from({ length: places });
    this.#bytes = new Float64Array(places);
    this.#sentAtMs = new Float64Array(places);
  }

  get size(): number {
    return this.#count;
  }

  hasRoom(): boolean {
    const { length } = this.#writes;
    return this.#count < this.#window && this.#bytesInAll < BYTES_MAX && this.#nextId - this.#oldestId < length;
  }

  /** The number that the next write gets. */
  get nextId(): number {
    return this.#nextId;
  }

  add(write: Write, { sink, bytes, nowMs }: { sink: WriteSink; bytes: number; nowMs: number }): void {
    const place = this.#nextId % this.#writes.length;
    this.#writes[place] = write;
    this.#sinks[place] = sink;
    this.#bytes[place] = bytes;
    this.#sentAtMs[place] = nowMs;
    this.#nextId += 1;
    this.#count += 1;
    this.#bytesInAll += bytes;
  }

  /** Takes a write out and tells its sink what became of it; says nothing where it was given up already. */
  take<Outcome>(id: number, outcome: Outcome, tell: (sink: WriteSink, write: Write, outcome: Outcome) => void): void {
    if (!(id >= this.#oldestId && id < this.#nextId)) return;
    const place = id % this.#writes.length;
    const write = this.#writes[place];
    const sink = this.#sinks[place];
    if (write === undefined || sink === undefined) return;
    this.#writes[place] = undefined;
    this.#sinks[place] = undefined;
    this.#count -= 1;
    this.#bytesInAll -= this.#bytes[place] ?? 0;
    while (this.#oldestId < this.#nextId && this.#writes[this.#oldestId % this.#writes.length] === undefined) {
      this.#oldestId += 1;
    }
    tell(sink, write, outcome);
  }

  /** Those on their way now, the oldest first. */
  all(): Outstanding[] {
    const all: Outstanding[] = [];
    for (let id = this.#oldestId; id < this.#nextId; id += 1) {
      const place = id % this.#writes.length;
      const write = this.#writes[place];
      if (write !== undefined) all.push({ id, write, sentAtMs: this.#sentAtMs[place] ?? 0 });
    }
    return all;
  }
}
