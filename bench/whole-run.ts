/** All rows, each in a process of its own. A row that fails does not keep the others from being measured. */
import { cheapest, growths, type Baseline } from "./baseline.ts";
import { inChild } from "./child.ts";
import type { Figure } from "./row.ts";
import { rowNumbers } from "./rows.ts";

export interface WholeRun {
  readonly figures: readonly Figure[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
}

/** A row that seems to have become dearer is measured so many more times before it is believed. */
const AGAIN = 2;

/** Runs rows one after the other. With a baseline, what seems to have grown is measured again. */
export async function runRows(options: {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly baseline: Baseline | null;
  readonly seen: (figures: readonly Figure[]) => void;
}): Promise<WholeRun> {
  const { quick, signal, baseline, seen } = options;
  const figures: Figure[] = [];
  const failures: string[] = [];
  for (const row of rowNumbers()) {
    try {
      const first = await measured(row, quick, signal);
      const found =
        baseline === null ? first : await believed(first, baseline, async () => measured(row, quick, signal));
      figures.push(...found);
      seen(found);
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(`row ${row}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { figures, failures };
}

async function believed(
  first: readonly Figure[],
  baseline: Baseline,
  measure: () => Promise<Figure[]>,
): Promise<readonly Figure[]> {
  let found = first;
  for (let again = 0; again < AGAIN && growths(found, baseline).length > 0; again += 1) {
    found = cheapest(found, await measure());
  }
  return found;
}

async function measured(row: number, quick: boolean, signal: AbortSignal): Promise<Figure[]> {
  const printed = await inChild(["--row", String(row), "--format", "json", ...(quick ? ["--quick"] : [])], signal);
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Figure);
}
