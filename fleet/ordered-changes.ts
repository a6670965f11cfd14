/** Very many changes in order, as a list that makes each when it is asked for and keeps none. */
import { Addition, Removal, Update, type Change } from "./change.ts";
import type { DeviceNumbers } from "./changed-pairs.ts";
import type { Names } from "./names.ts";
import type { PairBlock } from "./pair-values.ts";

/** Changes that can be counted and gone over, again and again. */
export interface ChangeList extends Iterable<Change> {
  readonly length: number;
}

/** Changes of one kind to one deployment, and the numbers of their devices. */
export type Batch = { readonly numbers: DeviceNumbers } & (
  | { readonly action: "add"; readonly after: PairBlock }
  | { readonly action: "update"; readonly before: PairBlock; readonly after: PairBlock }
  | { readonly action: "remove"; readonly before: PairBlock }
);

/** The change of a batch on one of its devices, by number. */
export function changeOn(batch: Batch, number: number): Change {
  switch (batch.action) {
    case "add":
      return new Addition(number, batch.after);
    case "update":
      return new Update(number, batch.before, batch.after);
    case "remove": {
      const { before } = batch;
      const { deployment } = before;
      return new Removal({ device: before.deviceAt(number), deployment }, before.valueOn(number));
    }
  }
}

/** The changes of batches that come by the name of their deployment: sorted by device, then deployment. */
export class OrderedChanges implements ChangeList {
  readonly length: number;
  readonly #batches: readonly Batch[];
  readonly #names: Names;
  #columns: Columns | null = null;

  /** `names` are those of the devices. */
  constructor(batches: readonly Batch[], names: Names) {
    this.length = batches.reduce((sum, { numbers }) => sum + numbers.length, 0);
    this.#batches = batches;
    this.#names = names;
  }

  [Symbol.iterator](): Iterator<Change, undefined> {
    this.#columns ??= columnsOf(this.#batches, this.#names);
    return new Walk(this.#batches, this.#columns);
  }
}

/** A place in the changes: a generator would take twice as long. */
class Walk implements Iterator<Change, undefined> {
  readonly #batches: readonly Batch[];
  readonly #columns: Columns;
  #device = 0;
  #at = 0;

  constructor(batches: readonly Batch[], columns: Columns) {
    this.#batches = batches;
    this.#columns = columns;
  }

  next(): IteratorResult<Change, undefined> {
    const { devices, ends, batchAt } = this.#columns;
    if (this.#at === batchAt.length) return { done: true, value: undefined };
    if (this.#at === ends[this.#device]) this.#device += 1;
    const batch = this.#batches[batchAt[this.#at] ?? 0];
    const device = devices[this.#device];
    if (batch === undefined || device === undefined) throw new Error("a change belongs to no batch");
    this.#at += 1;
    return { done: false, value: changeOn(batch, device) };
  }
}

/** Devices by number, in the order of their names; where the changes of each end; and of each change, the index of its batch. */
interface Columns {
  readonly devices: Uint32Array;
  readonly ends: Uint32Array;
  readonly batchAt: Uint32Array;
}

/** Without comparing changes: each has its place behind those of the devices before its own. */
function columnsOf(batches: readonly Batch[], names: Names): Columns {
  const places = new Uint32Array(names.size);
  for (const { numbers } of batches) countNumbers(places, numbers);
  const devices = namedOrder(places, names);
  let total = 0;
  for (const number of devices) {
    const count = places[number] ?? 0;
    places[number] = total;
    total += count;
  }
  const batchAt = new Uint32Array(total);
  for (let index = 0; index < batches.length; index += 1) {
    putIndex(batchAt, index, { numbers: batches[index]?.numbers ?? [], places });
  }
  // By now each place stands where the changes of its device end.
  return { devices, ends: devices.map((number) => places[number] ?? 0), batchAt };
}

// Loops over a million pairs go by index: iterators take twice as long.
function countNumbers(counts: Uint32Array, numbers: DeviceNumbers): void {
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    counts[number] = (counts[number] ?? 0) + 1;
  }
}

function putIndex(
  batchAt: Uint32Array,
  index: number,
  { numbers, places }: { readonly numbers: DeviceNumbers; readonly places: Uint32Array },
): void {
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    const place = places[number] ?? 0;
    batchAt[place] = index;
    places[number] = place + 1;
  }
}

/** The numbers that have a count, in the order of their names. */
function namedOrder(counts: Uint32Array, names: Names): Uint32Array {
  const numbers: number[] = [];
  for (let number = 0; number < counts.length; number += 1) if (counts[number] !== 0) numbers.push(number);
  return new Uint32Array(numbers.toSorted((a, b) => (names.nameOf(a) < names.nameOf(b) ? -1 : 1)));
}
