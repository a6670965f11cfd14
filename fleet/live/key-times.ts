/** What a feed has to remember of each key, in a column of the rows that are kept anyway. */
import type { Column } from "./column.ts";

/** A message of a key, as far as it has to be remembered. */
export interface KeyMessage {
  readonly atUs: number;
  readonly marker: boolean;
}

/** The rows of the keys of one bucket. */
export interface KeyRows {
  /** The row of a key, a new one where it had none; null for a key that is not this bucket's. */
  rowOf(key: string): number | null;
  keyOf(row: number): string;
  /** Rows are below this number. */
  rowsEnd(): number;
  /** Makes room: there will be so many keys. */
  expect(keys: number): void;
  /** From now on something is remembered of the row that was asked for last. */
  kept(row: number): void;
  /** Nothing is remembered of it any more. */
  dropped(row: number): void;
}

/**
 * The last message of each key by its time, which no other message of that key has. The same as a map of keys would
 * say, in 9 bytes a key. Only keys that are nobody's stand in a map.
 */
export class KeyTimes {
  readonly #rows: KeyRows;
  /** Microseconds since 1970; negative where the message is a marker, 0 where there is none. */
  readonly #signedUs: Column<Float64Array>;
  readonly #came: Column<Uint8Array>;
  readonly #foreign = new Map<string, { signedUs: number; came: boolean }>();
  #size = 0;
  #puts = 0;
  #replaying = false;

  constructor(rows: KeyRows, signedUs: Column<Float64Array>, came: Column<Uint8Array>) {
    this.#rows = rows;
    this.#signedUs = signedUs;
    this.#came = came;
  }

  /** Keys whose last message is known, markers included. */
  get size(): number {
    return this.#size;
  }

  /** Keys that hold a value. */
  get puts(): number {
    return this.#puts;
  }

  get replaying(): boolean {
    return this.#replaying;
  }

  isKept(row: number): boolean {
    return (this.#signedUs.at[row] ?? 0) !== 0;
  }

  beginReplay(keys: number): void {
    this.#replaying = true;
    this.#rows.expect(keys);
    this.#came.at.fill(0);
    for (const foreign of this.#foreign.values()) foreign.came = false;
  }

  observe(key: string, { atUs, marker }: KeyMessage): boolean {
    const signedUs = marker ? -atUs : atUs;
    const row = this.#rows.rowOf(key);
    if (row === null) {
      const before = this.#foreign.get(key)?.signedUs ?? 0;
      this.#foreign.set(key, { signedUs, came: true });
      return this.#note(before, signedUs);
    }
    this.#came.at[row] = 1;
    const before = this.#signedUs.at[row] ?? 0;
    this.#signedUs.at[row] = signedUs;
    if (before === 0) this.#rows.kept(row);
    return this.#note(before, signedUs);
  }

  endReplay(): string[] {
    if (!this.#replaying) return [];
    this.#replaying = false;
    const gone: string[] = [];
    for (let row = 0; row < this.#rows.rowsEnd(); row += 1) {
      const before = this.#signedUs.at[row] ?? 0;
      if (before === 0 || this.#came.at[row] === 1) continue;
      if (before > 0) gone.push(this.#rows.keyOf(row));
      this.#signedUs.at[row] = 0;
      this.#note(before, 0);
      this.#rows.dropped(row);
    }
    for (const [key, { signedUs, came }] of this.#foreign) {
      if (came) continue;
      if (signedUs > 0) gone.push(key);
      this.#foreign.delete(key);
      this.#note(signedUs, 0);
    }
    return gone;
  }

  /** Keeps count; true where it is news. */
  #note(before: number, after: number): boolean {
    if (before === after) return false;
    if (before === 0) this.#size += 1;
    if (after === 0) this.#size -= 1;
    if (before > 0) this.#puts -= 1;
    if (after > 0) this.#puts += 1;
    return true;
  }
}
