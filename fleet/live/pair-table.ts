/** A row for each (device, deployment) pair that is known: found by both numbers, listed by either. */
import { Columns } from "./column.ts";

/** No row. Rows are numbered from 1. */
export const NO_ROW = 0;

const BUCKETS_MIN = 1_024;
/** Of the buckets at most this part is used, so that a search is short. */
const LOAD_MAX = 0.7;
/** Most deployments have few devices. */
const MEMBERS_MIN = 8;

/** Rows are reused after `remove`. Owners of more columns give them the same life by `columns`. */
export class PairTable {
  /** Columns that grow with the rows. */
  readonly columns = new Columns();
  readonly device = this.columns.uint32();
  readonly deployment = this.columns.uint32();
  /** The next row of the same device. */
  readonly #next = this.columns.uint32();
  /** Where the row stands in the list of its deployment. */
  readonly #place = this.columns.uint32();
  readonly #firstOfDevice: number[] = [];
  readonly #membersOf: (Members | undefined)[] = [];
  readonly #free: number[] = [];
  #buckets = new Uint32Array(BUCKETS_MIN);
  #rowsEver = 0;
  #size = 0;
  #removals = 0;

  /** How many rows were ever removed: while this stays, every row is still that of its pair. */
  get removals(): number {
    return this.#removals;
  }

  get size(): number {
    return this.#size;
  }

  /** Rows are below this number. */
  get rowsEnd(): number {
    return this.#rowsEver + 1;
  }

  /** True where the row is that of a pair now. */
  isUsed(row: number): boolean {
    return (this.device.at[row] ?? 0) !== 0;
  }

  /** Makes room for so many pairs in all: nothing has to be moved while they come. */
  expect(pairs: number): void {
    this.columns.reserve(pairs + 1);
    let buckets = this.#buckets.length;
    while (pairs > buckets * LOAD_MAX) buckets *= 2;
    if (buckets > this.#buckets.length) this.#rehash(buckets);
  }

  find(device: number, deployment: number): number {
    const mask = this.#buckets.length - 1;
    for (let bucket = hashOf(device, deployment) & mask; ; bucket = (bucket + 1) & mask) {
      const row = this.#buckets[bucket] ?? NO_ROW;
      if (row === NO_ROW) return NO_ROW;
      if (this.device.at[row] === device && this.deployment.at[row] === deployment) return row;
    }
  }

  /** A new row for a pair that has none. Its columns may hold what an earlier row left there. */
  add(device: number, deployment: number): number {
    if (this.#size + 1 > this.#buckets.length * LOAD_MAX) this.#rehash(this.#buckets.length * 2);
    const row = this.#free.pop() ?? (this.#rowsEver += 1);
    this.columns.reserve(row + 1);
    this.device.at[row] = device;
    this.deployment.at[row] = deployment;
    this.#next.at[row] = this.#firstOfDevice[device] ?? NO_ROW;
    this.#firstOfDevice[device] = row;
    const members = (this.#membersOf[deployment] ??= new Members());
    this.#place.at[row] = members.push(row);
    this.#put(row);
    this.#size += 1;
    return row;
  }

  remove(row: number): void {
    this.#takeFromBuckets(row);
    this.#takeFromDevice(row);
    this.#takeFromDeployment(row);
    this.device.at[row] = 0;
    this.deployment.at[row] = 0;
    this.#free.push(row);
    this.#size -= 1;
    this.#removals += 1;
  }

  /** The rows of a device. */
  *ofDevice(device: number): Generator<number> {
    for (let row = this.#firstOfDevice[device] ?? NO_ROW; row !== NO_ROW; row = this.#next.at[row] ?? NO_ROW) yield row;
  }

  hasDevice(device: number): boolean {
    return (this.#firstOfDevice[device] ?? NO_ROW) !== NO_ROW;
  }

  /** The rows of a deployment: a view, good until the next change. */
  ofDeployment(deployment: number): Uint32Array {
    return this.#membersOf[deployment]?.rows() ?? NO_ROWS;
  }

  #put(row: number): void {
    const mask = this.#buckets.length - 1;
    let bucket = hashOf(this.device.at[row] ?? 0, this.deployment.at[row] ?? 0) & mask;
    while (this.#buckets[bucket] !== NO_ROW) bucket = (bucket + 1) & mask;
    this.#buckets[bucket] = row;
  }

  #rehash(buckets: number): void {
    const old = this.#buckets;
    this.#buckets = new Uint32Array(buckets);
    for (const row of old) if (row !== NO_ROW) this.#put(row);
  }

  // Rows behind the gap move up, so that no search ends early.
  #takeFromBuckets(row: number): void {
    const mask = this.#buckets.length - 1;
    let gap = hashOf(this.device.at[row] ?? 0, this.deployment.at[row] ?? 0) & mask;
    while (this.#buckets[gap] !== row) gap = (gap + 1) & mask;
    for (let bucket = (gap + 1) & mask; ; bucket = (bucket + 1) & mask) {
      const other = this.#buckets[bucket] ?? NO_ROW;
      if (other === NO_ROW) break;
      const home = hashOf(this.device.at[other] ?? 0, this.deployment.at[other] ?? 0) & mask;
      if (((bucket - home) & mask) < ((bucket - gap) & mask)) continue;
      this.#buckets[gap] = other;
      gap = bucket;
    }
    this.#buckets[gap] = NO_ROW;
  }

  #takeFromDevice(row: number): void {
    const device = this.device.at[row] ?? 0;
    const next = this.#next.at[row] ?? NO_ROW;
    if (this.#firstOfDevice[device] === row) {
      this.#firstOfDevice[device] = next;
      return;
    }
    for (const other of this.ofDevice(device)) {
      if (this.#next.at[other] !== row) continue;
      this.#next.at[other] = next;
      return;
    }
  }

  #takeFromDeployment(row: number): void {
    const deployment = this.deployment.at[row] ?? 0;
    const members = this.#membersOf[deployment];
    const moved = members?.remove(this.#place.at[row] ?? 0) ?? NO_ROW;
    if (moved !== NO_ROW) this.#place.at[moved] = this.#place.at[row] ?? 0;
    if (members?.size === 0) this.#membersOf[deployment] = undefined;
  }
}

const NO_ROWS = new Uint32Array(0);

/** Rows in no order. */
class Members {
  readonly #columns = new Columns(MEMBERS_MIN);
  readonly #rows = this.#columns.uint32();
  size = 0;

  /** Gives the place of the row. */
  push(row: number): number {
    this.#columns.reserve(this.size + 1);
    this.#rows.at[this.size] = row;
    this.size += 1;
    return this.size - 1;
  }

  /** Fills the place with the last row, and gives that row; none where it was the last itself. */
  remove(place: number): number {
    this.size -= 1;
    const last = this.#rows.at[this.size] ?? NO_ROW;
    if (place === this.size) return NO_ROW;
    this.#rows.at[place] = last;
    return last;
  }

  rows(): Uint32Array {
    return this.#rows.at.subarray(0, this.size);
  }
}

/** Numbers that lie close together come to lie far apart. */
function hashOf(device: number, deployment: number): number {
  const mixed = Math.imul(device, 0x9e37_79b1) ^ Math.imul(deployment, 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
