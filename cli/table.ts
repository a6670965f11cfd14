/** Rows as aligned columns. */
import { stripVTControlCharacters } from "node:util";

export interface TableOptions {
  /** Spaces before each line. */
  readonly indent?: number;
  /** Columns (from 0) that hold numbers and stand to the right. */
  readonly right?: readonly number[];
}

const GAP = "  ";

/** Lines, each ending with a newline. Cells may carry colour: it has no width. */
export function table(rows: readonly (readonly string[])[], { indent = 0, right = [] }: TableOptions = {}): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  const toRight = new Set(right);
  const lines = rows.map((row) =>
    row
      .map((cell, i) => padded(cell, widths[i] ?? 0, toRight.has(i)))
      .join(GAP)
      .trimEnd(),
  );
  return lines.map((line) => `${" ".repeat(indent)}${line}\n`).join("");
}

function padded(cell: string, columns: number, toRight: boolean): string {
  const spaces = " ".repeat(columns - width(cell));
  return toRight ? spaces + cell : cell + spaces;
}

// Names here are ASCII by rule; free text stands in the last column, where width does not matter.
function width(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
