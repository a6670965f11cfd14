/** Numbers by row, in one block of memory each: what a million rows are kept in. */

type Block = Float64Array | Uint32Array | Uint8Array;

/** How much a block grows when it is full: little is left unused, and little is copied. */
const GROWTH = 1.2;
const ROWS_MIN = 256;

/** Columns that grow together. */
export class Columns {
  readonly #all: Column[] = [];
  readonly #rowsMin: number;
  #rows = 0;

  constructor(rowsMin = ROWS_MIN) {
    this.#rowsMin = rowsMin;
  }

  float64(): Column<Float64Array> {
    return this.#column((rows) => new Float64Array(rows));
  }

  uint32(): Column<Uint32Array> {
    return this.#column((rows) => new Uint32Array(rows));
  }

  uint8(): Column<Uint8Array> {
    return this.#column((rows) => new Uint8Array(rows));
  }

  /** Makes room for rows 0 to `rows` - 1. New rows hold 0. */
  reserve(rows: number): void {
    if (rows <= this.#rows) return;
    this.#rows = Math.max(this.#rowsMin, rows, Math.ceil(this.#rows * GROWTH));
    for (const column of this.#all) column.grow(this.#rows);
  }

  #column<B extends Block>(make: (rows: number) => B): Column<B> {
    const column = new Column(make);
    column.grow(this.#rows);
    this.#all.push(column);
    return column;
  }
}

/** One column. `at` is replaced when it grows: read it anew, keep no copy of it. */
export class Column<B extends Block = Block> {
  at: B;
  readonly #make: (rows: number) => B;

  constructor(make: (rows: number) => B) {
    this.#make = make;
    this.at = make(0);
  }

  grow(rows: number): void {
    const grown = this.#make(rows);
    grown.set(this.at);
    this.at = grown;
  }
}
