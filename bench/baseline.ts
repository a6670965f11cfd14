/** What a quick run came to when it was last looked at by a person, and which rows have become dearer since. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "./row.ts";

/** Ratios of a quick run, by row, what and size. */
export type Baseline = Readonly<Record<string, number>>;

/** A ratio may grow by this factor before it is told. */
export const GROWTH_MAX = 1.5;
const FILE = join(import.meta.dirname, "baseline.json");

/** A figure whose ratio is more than the baseline allows. */
export interface Growth {
  readonly figure: Figure;
  readonly before: number;
}

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(FILE, "utf8")) as Baseline;
}

/** Keeps what this run came to as the baseline of later ones. */
export function writeBaseline(figures: readonly Figure[]): void {
  const ratios = figures.flatMap((figure) => {
    const cost = costOf(figure);
    return cost === null ? [] : [[keyOf(figure), Number(cost.toPrecision(3))] as const];
  });
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(ratios), null, 2)}\n`);
}

/** Figures that cost over half as much again as the baseline says, beside their limits; new figures are none of them. */
export function growths(figures: readonly Figure[], baseline: Baseline): Growth[] {
  return figures.flatMap((figure) => {
    const before = baseline[keyOf(figure)];
    const cost = costOf(figure);
    return before === undefined || cost === null || cost <= before * GROWTH_MAX ? [] : [{ figure, before }];
  });
}

/** Rows that the baseline knows and that were not measured. */
export function unmeasured(figures: readonly Figure[], baseline: Baseline): string[] {
  const measured = new Set(figures.map(keyOf));
  return Object.keys(baseline).filter((key) => !measured.has(key));
}

/** The lowest cost of each figure over several runs: what noise added is not in it. */
export function cheapest(first: readonly Figure[], again: readonly Figure[]): Figure[] {
  const better = new Map(again.map((figure) => [keyOf(figure), figure]));
  return first.map((figure) => {
    const other = better.get(keyOf(figure));
    return other !== undefined && (costOf(other) ?? 0) < (costOf(figure) ?? 0) ? other : figure;
  });
}

/** What grows when something gets worse: the ratio, or its inverse where more is better. Absolute figures are not compared. */
function costOf({ ratio, bound }: Figure): number | null {
  if (ratio === null) return null;
  return bound === "most" ? ratio : 1 / ratio;
}

function keyOf({ row, what, size, nats }: Figure): string {
  return `${row} · ${what} · ${size}${nats === null ? "" : " · nats"}`;
}
