/** A map by name that never changes and shares its parts with the maps made from it. Iterates in the order of names. */
import type { Names } from "./names.ts";
import { Numbered } from "./numbered.ts";

/** Like a ReadonlyMap; a changed one costs what changed, whatever its size. */
export class NumberedMap<Name extends string, Item> implements ReadonlyMap<Name, Item> {
  readonly names: Names<Name>;
  readonly items: Numbered<Item>;
  readonly size: number;
  readonly #order: Order<Name>;

  private constructor(names: Names<Name>, items: Numbered<Item>, size: number, order: Order<Name>) {
    this.names = names;
    this.items = items;
    this.size = size;
    this.#order = order;
  }

  /** From a list in which each item stands at the number of its name. Takes the list over. */
  static of<Name extends string, Item>(
    names: Names<Name>,
    items: readonly (Item | undefined)[],
  ): NumberedMap<Name, Item> {
    const size = items.reduce((count, item) => (item === undefined ? count : count + 1), 0);
    return new NumberedMap(names, Numbered.of(items), size, new Order(names, null, []));
  }

  /** The same names with what `make` makes of each; without those it makes nothing of. */
  map<Made>(make: (item: Item) => Made | undefined): NumberedMap<Name, Made> {
    const made: (Made | undefined)[] = [];
    this.items.forEach((item, number) => {
      while (made.length < number) made.push(undefined);
      made.push(make(item));
    });
    return NumberedMap.of(this.names, made);
  }

  get(name: Name): Item | undefined {
    const number = this.names.find(name);
    return number === undefined ? undefined : this.items.at(number);
  }

  has(name: Name): boolean {
    return this.get(name) !== undefined;
  }

  at(number: number): Item | undefined {
    return this.items.at(number);
  }

  /** With these items in place of those that had their numbers; undefined removes. Each number comes once. */
  with(changes: readonly (readonly [number, Item | undefined])[]): NumberedMap<Name, Item> {
    if (changes.length === 0) return this;
    const added = changes.filter(([number, item]) => item !== undefined && this.at(number) === undefined);
    const removed = changes.filter(([number, item]) => item === undefined && this.at(number) !== undefined);
    const sameNames = added.length + removed.length === 0;
    const order = sameNames ? this.#order : this.#order.with(added.map(([number]) => number));
    const size = this.size + added.length - removed.length;
    return new NumberedMap(this.names, this.items.with(changes), size, order);
  }

  /** All numbers, in the order of their names. */
  numbers(): Uint32Array {
    return this.#order.numbers(this.items);
  }

  *keys(): Generator<Name, undefined> {
    for (const number of this.numbers()) yield this.names.nameOf(number);
  }

  *values(): Generator<Item, undefined> {
    for (const number of this.numbers()) {
      const item = this.items.at(number);
      if (item !== undefined) yield item;
    }
  }

  *entries(): Generator<[Name, Item], undefined> {
    for (const number of this.numbers()) {
      const item = this.items.at(number);
      if (item !== undefined) yield [this.names.nameOf(number), item];
    }
  }

  [Symbol.iterator](): Generator<[Name, Item], undefined> {
    return this.entries();
  }

  forEach(visit: (item: Item, name: Name, map: ReadonlyMap<Name, Item>) => void): void {
    for (const [name, item] of this.entries()) visit(item, name, this);
  }
}

/** The order of names; worked out when somebody asks, from an earlier one where there is one. */
class Order<Name extends string> {
  readonly #names: Names<Name>;
  readonly #earlier: Uint32Array | null;
  /** Numbers that may have come since, in any order. */
  readonly #added: readonly number[];
  #numbers: Uint32Array | null = null;

  constructor(names: Names<Name>, earlier: Uint32Array | null, added: readonly number[]) {
    this.#names = names;
    this.#earlier = earlier;
    this.#added = added;
  }

  with(added: readonly number[]): Order<Name> {
    if (this.#numbers !== null) return new Order(this.#names, this.#numbers, added);
    return new Order(this.#names, this.#earlier, [...this.#added, ...added]);
  }

  numbers(items: Numbered<unknown>): Uint32Array {
    this.#numbers ??= this.#earlier === null ? this.#sorted(items) : this.#extended(items, this.#earlier);
    return this.#numbers;
  }

  #sorted(items: Numbered<unknown>): Uint32Array {
    const numbers: number[] = [];
    items.forEach((_item, number) => numbers.push(number));
    return Uint32Array.from(numbers.toSorted(this.#byName));
  }

  #extended(items: Numbered<unknown>, earlier: Uint32Array): Uint32Array {
    const known = new Set(this.#added);
    const kept = earlier.filter((number) => items.at(number) !== undefined && !known.has(number));
    const added = [...known].filter((number) => items.at(number) !== undefined).toSorted(this.#byName);
    const merged = new Uint32Array(kept.length + added.length);
    let at = 0;
    let next = 0;
    for (const number of kept) {
      for (let add = added[next]; add !== undefined && this.#byName(add, number) < 0; add = added[next]) {
        merged[at++] = add;
        next += 1;
      }
      merged[at++] = number;
    }
    merged.set(added.slice(next), at);
    return merged;
  }

  readonly #byName = (a: number, b: number): number => (this.#names.nameOf(a) < this.#names.nameOf(b) ? -1 : 1);
}
