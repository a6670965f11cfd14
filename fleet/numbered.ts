/** A list by number that never changes: a changed one shares all parts with it but those that differ. */

/** So many items stand in one part: a power of two. */
const PART_SIZE = 1_024;
const PART_BITS = 10;

type Part<T> = readonly (T | undefined)[];

/** Items by number; many numbers may have none. */
export class Numbered<T> {
  readonly #parts: readonly (Part<T> | undefined)[];

  private constructor(parts: readonly (Part<T> | undefined)[]) {
    this.#parts = parts;
  }

  static empty<T>(): Numbered<T> {
    return new Numbered<T>([]);
  }

  /** From a list in which each item stands at its number. Takes the list over. */
  static of<T>(items: readonly (T | undefined)[]): Numbered<T> {
    const parts: Part<T>[] = [];
    for (let from = 0; from < items.length; from += PART_SIZE) parts.push(items.slice(from, from + PART_SIZE));
    return new Numbered(parts);
  }

  at(number: number): T | undefined {
    return this.#parts[number >>> PART_BITS]?.[number & (PART_SIZE - 1)];
  }

  forEach(visit: (item: T, number: number) => void): void {
    for (const [at, part] of this.#parts.entries()) {
      if (part === undefined) continue;
      for (const [index, item] of part.entries()) if (item !== undefined) visit(item, at * PART_SIZE + index);
    }
  }

  /** Part by part, with the number of the first item of each: the soonest way over all of them. */
  *parts(): Generator<readonly [number, readonly (T | undefined)[]], undefined> {
    for (const [at, part] of this.#parts.entries()) if (part !== undefined) yield [at * PART_SIZE, part];
  }

  *entries(): Generator<readonly [number, T]> {
    for (const [at, part] of this.#parts.entries()) {
      if (part === undefined) continue;
      for (const [index, item] of part.entries()) if (item !== undefined) yield [at * PART_SIZE + index, item];
    }
  }

  /** With these items in place of those that had their numbers; undefined leaves a number without one. */
  with(changes: Iterable<readonly [number, T | undefined]>): Numbered<T> {
    const parts = [...this.#parts];
    const copies = new Map<number, (T | undefined)[]>();
    for (const [number, item] of changes) {
      const at = number >>> PART_BITS;
      let copy = copies.get(at);
      if (copy === undefined) {
        copy = [...(parts[at] ?? [])];
        copies.set(at, copy);
      }
      const index = number & (PART_SIZE - 1);
      while (copy.length < index) copy.push(undefined);
      copy[index] = item;
    }
    for (const [at, copy] of copies) {
      while (parts.length < at) parts.push(undefined);
      parts[at] = copy;
    }
    return copies.size === 0 ? this : new Numbered(parts);
  }

  /** The numbers whose items are not the same object in both; parts that both share are not looked into. */
  *differing(after: Numbered<T>): Generator<number> {
    const count = Math.max(this.#parts.length, after.#parts.length);
    for (let at = 0; at < count; at += 1) {
      const [old = [], young = []] = [this.#parts[at], after.#parts[at]];
      if (old === young) continue;
      const length = Math.max(old.length, young.length);
      for (let index = 0; index < length; index += 1) if (old[index] !== young[index]) yield at * PART_SIZE + index;
    }
  }
}
