/** Where in a text an offset stands, as people count: lines and columns from 1. */

/** Finds lines of one text. Breaks are LF, CRLF and a lone CR, as in YAML. */
export class Lines {
  readonly #starts: readonly number[];
  readonly #before: number;

  /** Of a text that `before` lines stand above. */
  constructor(text: string, before = 0) {
    this.#before = before;
    this.#starts = lineStarts(text);
  }

  /** How many lines stand above what follows this text. */
  get after(): number {
    return this.#before + this.#starts.length - 1;
  }

  /** The line and column of an offset. Columns count UTF-16 code units, as editors do. */
  at(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: this.#before + low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  if (text.includes("\r")) {
    for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
  } else {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  }
  return starts;
}
