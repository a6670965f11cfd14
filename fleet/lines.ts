/** Where in a text an offset stands, as people count: lines and columns from 1. */

/** Finds lines of one text. Breaks are LF, CRLF and a lone CR, as in YAML. */
export class Lines {
  readonly #starts: readonly number[];
  readonly #before: number;

  /** Of the part of `text` from `start`, where a line begins that `before` lines stand above, to `end`. */
  constructor(text: string, start = 0, end = text.length, before = 0) {
    this.#before = before;
    this.#starts = lineStarts(text, start, end);
  }

  /** How many line breaks there are up to the end of this part. */
  get breaks(): number {
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

function lineStarts(text: string, start: number, end: number): number[] {
  const starts = [start];
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return starts;
}
