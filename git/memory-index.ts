/** Where each object of a pack in memory stands. */
import type { ObjectId } from "./objects.ts";
import type { PackIndex } from "./pack.ts";

const STARTING_WITH_MAX = 8;

export class MemoryIndex implements PackIndex {
  readonly #offsets = new Map<ObjectId, number>();
  // Entries are added in the order in which they stand.
  readonly #starts: number[] = [];
  readonly #end: number;

  /** `end` is where the last entry ends. */
  constructor(end: number) {
    this.#end = end;
  }

  addEntry(at: number): void {
    this.#starts.push(at);
  }

  addObject(id: ObjectId, at: number): void {
    this.#offsets.set(id, at);
  }

  find(id: ObjectId): number | null {
    return this.#offsets.get(id) ?? null;
  }

  endOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#starts[low] ?? this.#end;
  }

  startingWith(prefix: string): ObjectId[] {
    return [...this.#offsets.keys()].filter((id) => id.startsWith(prefix)).slice(0, STARTING_WITH_MAX);
  }
}
