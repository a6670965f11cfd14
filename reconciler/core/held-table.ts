/** What is known of one deployment's keys, by the number of the device: columns, since there may be a million of them. */

/** A value stands under the key. */
export const VALUE = 1;
/** A DEL or PURGE marker stands under the key. */
export const MARKER = 2;
/** The device has a state of this deployment. */
export const STATE = 4;
/** A marker stands where the device had a state. */
export const STATE_MARKER = 8;

const FIRST_CAPACITY = 8;
/** Fuller tables make searches long. */
const LOAD_MAX = 0.8;
/** Knuth's multiplicative hashing: numbers in a row spread over the whole table. */
const MULTIPLIER = 0x9e37_79b1;

/** The columns of a table, in one piece of memory: there are ten thousand tables. */
class Columns {
  readonly revisions: Float64Array;
  readonly fingerprints: Float64Array;
  /** Number plus one; 0 where the slot is free. */
  readonly numbers: Uint32Array;
  readonly fleets: Uint16Array;
  readonly flags: Uint8Array;

  constructor(capacity: number) {
    // The widest first, so that each begins where its elements may.
    const memory = new ArrayBuffer(capacity * BYTES_PER_SLOT);
    this.revisions = new Float64Array(memory, 0, capacity);
    this.fingerprints = new Float64Array(memory, capacity * 8, capacity);
    this.numbers = new Uint32Array(memory, capacity * 16, capacity);
    this.fleets = new Uint16Array(memory, capacity * 20, capacity);
    this.flags = new Uint8Array(memory, capacity * 22, capacity);
  }
}

const BYTES_PER_SLOT = 23;

/** A hash table by device number, open addressed. A slot stays with its number until the table grows. */
export class HeldTable {
  #columns = new Columns(FIRST_CAPACITY);
  #used = 0;

  /** The slot of a number, or -1. Valid until the next `slotFor`. */
  find(number: number): number {
    const { numbers } = this.#columns;
    const mask = numbers.length - 1;
    for (let slot = this.#home(number); ; slot = (slot + 1) & mask) {
      const found = numbers[slot];
      if (found === number + 1) return slot;
      if (found === 0) return -1;
    }
  }

  /** The slot of a number, an empty one where it had none. */
  slotFor(number: number): number {
    const known = this.find(number);
    if (known >= 0) return known;
    if (this.#used + 1 > this.#columns.numbers.length * LOAD_MAX) this.#grow();
    return this.#take(number);
  }

  flags(slot: number): number {
    return this.#columns.flags[slot] ?? 0;
  }

  /** Which of the fleets wrote the value. */
  fleet(slot: number): number {
    return this.#columns.fleets[slot] ?? 0;
  }

  revision(slot: number): number {
    return this.#columns.revisions[slot] ?? 0;
  }

  fingerprint(slot: number): number {
    return this.#columns.fingerprints[slot] ?? 0;
  }

  setFlags(slot: number, flags: number): void {
    this.#columns.flags[slot] = flags;
  }

  setMessage(slot: number, message: { revision: number; fingerprint: number; fleet: number }): void {
    this.#columns.revisions[slot] = message.revision;
    this.#columns.fingerprints[slot] = message.fingerprint;
    this.#columns.fleets[slot] = message.fleet;
  }

  /** Writes down what another table knows. */
  copy(slot: number, from: HeldTable, fromSlot: number): void {
    this.#columns.flags[slot] = from.flags(fromSlot);
    this.setMessage(slot, {
      revision: from.revision(fromSlot),
      fingerprint: from.fingerprint(fromSlot),
      fleet: from.fleet(fromSlot),
    });
  }

  /** Takes these flags from every slot; what has none of the others left is as if it never was. */
  clear(flags: number): void {
    const all = this.#columns.flags;
    for (let slot = 0; slot < all.length; slot += 1) all[slot] = this.flags(slot) & ~flags;
  }

  /** The numbers about which anything is known now. A copy: the table may change under whoever walks along it. */
  numbers(): Uint32Array {
    const numbers = new Uint32Array(this.#used);
    let count = 0;
    const all = this.#columns.numbers;
    for (let slot = 0; slot < all.length; slot += 1) {
      if (this.flags(slot) === 0) continue;
      numbers[count] = (all[slot] ?? 0) - 1;
      count += 1;
    }
    return numbers.subarray(0, count);
  }

  #home(number: number): number {
    return (Math.imul(number, MULTIPLIER) >>> 7) & (this.#columns.numbers.length - 1);
  }

  #take(number: number): number {
    const { numbers } = this.#columns;
    const mask = numbers.length - 1;
    let slot = this.#home(number);
    while (numbers[slot] !== 0) slot = (slot + 1) & mask;
    numbers[slot] = number + 1;
    this.#used += 1;
    return slot;
  }

  /** Twice the room, or the same where most slots were left by keys that are gone. */
  #grow(): void {
    const { revisions, fingerprints, numbers, fleets, flags } = this.#columns;
    const living = flags.reduce((count, one) => count + Number(one !== 0), 0);
    const grown = new Columns(living * 2 > numbers.length * LOAD_MAX ? numbers.length * 2 : numbers.length);
    this.#columns = grown;
    this.#used = 0;
    for (let old = 0; old < numbers.length; old += 1) {
      const known = flags[old] ?? 0;
      if (known === 0) continue;
      const slot = this.#take((numbers[old] ?? 0) - 1);
      grown.flags[slot] = known;
      grown.fleets[slot] = fleets[old] ?? 0;
      grown.revisions[slot] = revisions[old] ?? 0;
      grown.fingerprints[slot] = fingerprints[old] ?? 0;
    }
  }
}
