/** The rows of the table: every file in `rows/` gives one. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Row } from "./row.ts";

const FOLDER = join(import.meta.dirname, "rows");
const FILE = /^(\d\d)-[-a-z0-9]+\.ts$/;

/** The numbers of all rows, in order. */
export function rowNumbers(): number[] {
  const numbers = readdirSync(FOLDER).flatMap((file) => FILE.exec(file)?.[1] ?? []);
  return [...new Set(numbers.map(Number))].toSorted((a, b) => a - b);
}

/** The row of a number, loaded only now: most rows need servers that others do not. Null where there is none. */
export async function loadRow(number: number): Promise<Row | null> {
  const file = readdirSync(FOLDER).find((name) => Number(FILE.exec(name)?.[1]) === number);
  if (file === undefined) return null;
  const row = Object.values((await import(join(FOLDER, file))) as Record<string, unknown>).find(isRow);
  if (row === undefined) throw new Error(`bench/rows/${file} exports no row`);
  return row;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && "row" in value && "measure" in value;
}
