/** A sorted set of numbers that never changes: a changed one shares all parts with it but the one that differs. */

/** So many numbers stand in one part at most. */
const PART_MAX = 1_024;

/** Numbers in ascending order, each once. */
export class NumberSet {
  static readonly EMPTY = new NumberSet([], 0);

  readonly size: number;
  readonly #parts: readonly Uint32Array[];

  private constructor(parts: readonly Uint32Array[], size: number) {
    this.#parts = parts;
    this.size = size;
  }

  /** From numbers that are in ascending order, each once. */
  static of(numbers: ArrayLike<number>): NumberSet {
    if (numbers.length === 0) return NumberSet.EMPTY;
    const all = new Uint32Array(numbers);
    if (all.length <= PART_MAX) return new NumberSet([all], all.length);
    const parts: Uint32Array[] = [];
    for (let from = 0; from < all.length; from += PART_MAX) parts.push(all.slice(from, from + PART_MAX));
    return new NumberSet(parts, all.length);
  }

  has(number: number): boolean {
    const part = this.#parts[this.#partFor(number)];
    return part !== undefined && part[lowerBound(part, number)] === number;
  }

  forEach(visit: (number: number) => void): void {
    for (const part of this.#parts) for (const number of part) visit(number);
  }

  *[Symbol.iterator](): Generator<number> {
    for (const part of this.#parts) yield* part;
  }

  /** All numbers; for reading only, since a small set gives its own. */
  toArray(): Uint32Array {
    const [first, ...more] = this.#parts;
    if (first !== undefined && more.length === 0) return first;
    const all = new Uint32Array(this.size);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** True where `holds` is true of one of the numbers. */
  some(holds: (number: number) => boolean): boolean {
    return this.#parts.some((part) => part.some(holds));
  }

  /** The numbers that `keep` says yes to; the same set where that is all of them. */
  filter(keep: (number: number) => boolean): NumberSet {
    const kept: number[] = [];
    this.forEach((number) => {
      if (keep(number)) kept.push(number);
    });
    return kept.length === this.size ? this : NumberSet.of(kept);
  }

  /** With each number of `changes` where it says true, without it where it says false; the same set where nothing differs. */
  edited(changes: ReadonlyMap<number, boolean>): NumberSet {
    // Many changes touch every part anyway, and where there are more of them than numbers there is little to share.
    if (changes.size > this.size || changes.size * PART_MAX > this.size + 16 * PART_MAX) return this.#merged(changes);
    const edit = (set: NumberSet, [number, isIn]: [number, boolean]): NumberSet =>
      isIn ? set.#with(number) : set.#without(number);
    return [...changes].reduce(edit, this);
  }

  /** Tells what only this or only `after` has; parts that both share are not looked into. */
  compare(after: NumberSet, tell: (number: number, where: "before" | "after") => void): void {
    if (this === after) return;
    const [old, young] = [new Cursor(this.#parts), new Cursor(after.#parts)];
    for (;;) {
      skipShared(old, young);
      const [a, b] = [old.number, young.number];
      if (a === null && b === null) return;
      if (a !== null && (b === null || a < b)) {
        tell(a, "before");
        old.advance();
      } else if (b !== null && (a === null || b < a)) {
        tell(b, "after");
        young.advance();
      } else {
        old.advance();
        young.advance();
      }
    }
  }

  equals(other: NumberSet): boolean {
    if (this === other) return true;
    if (this.size !== other.size) return false;
    let equal = true;
    this.compare(other, () => (equal = false));
    return equal;
  }

  #with(number: number): NumberSet {
    const at = Math.min(this.#partFor(number), this.#parts.length - 1);
    const part = this.#parts[at];
    if (part === undefined) return NumberSet.of([number]);
    const index = lowerBound(part, number);
    if (part[index] === number) return this;
    const grown = new Uint32Array(part.length + 1);
    grown.set(part.subarray(0, index));
    grown[index] = number;
    grown.set(part.subarray(index), index + 1);
    const half = grown.length >>> 1;
    const put = grown.length <= PART_MAX ? [grown] : [grown.slice(0, half), grown.slice(half)];
    return new NumberSet(this.#parts.toSpliced(at, 1, ...put), this.size + 1);
  }

  #without(number: number): NumberSet {
    const at = this.#partFor(number);
    const part = this.#parts[at];
    if (part === undefined) return this;
    const index = lowerBound(part, number);
    if (part[index] !== number) return this;
    if (this.size === 1) return NumberSet.EMPTY;
    const shrunk = new Uint32Array(part.length - 1);
    shrunk.set(part.subarray(0, index));
    shrunk.set(part.subarray(index + 1), index);
    const put = shrunk.length === 0 ? [] : [shrunk];
    return new NumberSet(this.#parts.toSpliced(at, 1, ...put), this.size - 1);
  }

  #merged(changes: ReadonlyMap<number, boolean>): NumberSet {
    const added = [...changes].flatMap(([number, isIn]) => (isIn && !this.has(number) ? [number] : []));
    const kept = [...this].filter((number) => changes.get(number) !== false);
    if (added.length === 0 && kept.length === this.size) return this;
    return NumberSet.of(Uint32Array.from([...kept, ...added]).toSorted());
  }

  /** The first part whose last number is not below: the only one that can hold it. */
  #partFor(number: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const part = this.#parts[middle];
      if ((part?.[part.length - 1] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A place in the parts of a set. */
class Cursor {
  readonly #parts: readonly Uint32Array[];
  #part = 0;
  #index = 0;

  constructor(parts: readonly Uint32Array[]) {
    this.#parts = parts;
  }

  get number(): number | null {
    return this.#parts[this.#part]?.[this.#index] ?? null;
  }

  /** The part that begins here, or null in the middle of one and at the end. */
  get wholePart(): Uint32Array | null {
    return this.#index === 0 ? (this.#parts[this.#part] ?? null) : null;
  }

  advance(): void {
    this.#index += 1;
    if (this.#index === this.#parts[this.#part]?.length) this.skipPart();
  }

  skipPart(): void {
    this.#part += 1;
    this.#index = 0;
  }
}

function skipShared(a: Cursor, b: Cursor): void {
  while (a.wholePart !== null && a.wholePart === b.wholePart) {
    a.skipPart();
    b.skipPart();
  }
}

/** Where `number` stands in a part, or would. */
function lowerBound(part: Uint32Array, number: number): number {
  let low = 0;
  let high = part.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((part[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
