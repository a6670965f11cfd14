/** Figures as people read them: one line each, the limit beside the value. */
import type { Figure } from "./row.ts";

/** The columns of the table. */
export const COLUMNS = ["row", "what", "size", "gitfleet", "limit", "ratio", "target", "", "nats", "loop p99"] as const;

/** The cells of one figure, in the order of the columns. */
export function cellsOf(figure: Figure): string[] {
  const { row, what, size, unit, value, limit, ratio, nats, loop_delay_p99_ms: delayMs } = figure;
  return [
    String(row),
    what,
    size,
    quantity(value, unit),
    limit === null ? "–" : quantity(limit, unit),
    ratio === null ? "–" : ratio.toFixed(2),
    targetText(figure),
    figure.met ? "met" : "NOT MET",
    nats ?? "–",
    delayMs === undefined ? "–" : quantity(delayMs, "ms"),
  ];
}

/** A table for a terminal. */
export function figuresText(figures: readonly Figure[]): string {
  return `${textTable([[...COLUMNS], ...figures.map(cellsOf)], new Set([1]))}\n`;
}

/** The same for a page. */
export function figuresMarkdown(figures: readonly Figure[]): string {
  const rows = [[...COLUMNS], COLUMNS.map((name) => (name === "what" ? "---" : "---:")), ...figures.map(cellsOf)];
  return rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** Words to the left, figures to the right. */
export function textTable(rows: readonly (readonly string[])[], words: ReadonlySet<number>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    words.has(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

function targetText({ bound, target, limit, unit }: Figure): string {
  const what = limit === null ? quantity(target, unit) : String(target);
  return `${bound === "most" ? "≤" : "≥"} ${what}`;
}

/** A number with as many digits as mean something. */
export function quantity(value: number, unit: Figure["unit"]): string {
  const digits = value === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toFixed(Number.isInteger(value) ? 0 : digits).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
  switch (unit) {
    case "ms":
    case "MB":
    case "bytes":
    case "writes":
    case "%":
      return `${number} ${unit}`;
    case "/s":
      return `${number}/s`;
    case "count":
      return number;
  }
}
