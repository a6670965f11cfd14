/** `npm run bench`: what gitfleet costs, each figure beside its limit, in one run. */
import { errorText } from "#runtime/errors.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";
import { growths, readBaseline, unmeasured, writeBaseline } from "./baseline.ts";
import { writeBenchmarksPage } from "./benchmarks-page.ts";
import { inChild } from "./child.ts";
import { chosen, PARTS, USAGE, type Choice } from "./choice.ts";
import { figuresText } from "./figure-text.ts";
import { runPart, say } from "./parts.ts";
import type { Figure } from "./row.ts";
import { loadRow, rowNumbers } from "./rows.ts";
import { runRow } from "./run-row.ts";
import { runRows } from "./whole-run.ts";

/** Runs what was asked for; gives the exit code. */
async function run(choice: Choice, signal: AbortSignal): Promise<number> {
  switch (choice.kind) {
    case "row":
      return await oneRow(choice, signal);
    case "part": {
      const { text, json } = await runPart(choice.part, choice, signal);
      process.stdout.write(choice.format === "json" ? `${JSON.stringify(json)}\n` : text);
      return 0;
    }
    case "record": {
      const { figures, failures } = await runRows({ quick: true, signal, baseline: null, seen: printing(choice) });
      if (failures.length > 0) return told(failures);
      writeBaseline(figures);
      return 0;
    }
    case "everything":
      return choice.quick ? await quickly(choice, signal) : await everything(choice, signal);
  }
}

async function oneRow({ row: number, format, quick }: Extract<Choice, { kind: "row" }>, signal: AbortSignal) {
  const row = await loadRow(number);
  if (row === null) {
    say(`there is no row ${number}: there are ${rowNumbers().join(", ")}`);
    return 2;
  }
  const figures: Figure[] = [];
  for await (const figure of runRow(row, { quick, signal, say })) {
    figures.push(figure);
    if (format === "json") process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
  if (format === "text") process.stdout.write(figuresText(figures));
  return 0;
}

// Only whether anything has become dearer: the sizes are too small for the targets to mean much.
async function quickly(choice: Choice, signal: AbortSignal): Promise<number> {
  const baseline = readBaseline();
  const { figures, failures } = await runRows({ quick: true, signal, baseline, seen: printing(choice) });
  if (choice.format === "text") process.stdout.write(figuresText(figures));
  const grown = growths(figures, baseline).map(
    ({ figure: { row, what, size, ratio }, before }) =>
      `row ${row}, ${what}, ${size}: the ratio is ${ratio?.toFixed(2)}, its cost was ${before} before`,
  );
  const lost = unmeasured(figures, baseline).map((key) => `not measured any more: ${key}`);
  return told([...failures, ...grown, ...lost]);
}

async function everything(choice: Choice, signal: AbortSignal): Promise<number> {
  const { figures, failures } = await runRows({ quick: false, signal, baseline: null, seen: printing(choice) });
  const parts: { name: string; text: string }[] = [];
  for (const name of PARTS) parts.push({ name, text: await inChild(["--only", name], signal) });
  await writeBenchmarksPage({ figures, failures, parts });
  if (choice.format === "text")
    process.stdout.write(`${figuresText(figures)}\n${parts.map(({ text }) => text).join("\n")}`);
  say("docs/benchmarks.md is written");
  return told(failures);
}

function printing({ format }: Choice): (figures: readonly Figure[]) => void {
  return (figures) => {
    if (format === "json") process.stdout.write(figures.map((figure) => `${JSON.stringify(figure)}\n`).join(""));
  };
}

function told(troubles: readonly string[]): number {
  for (const trouble of troubles) say(trouble);
  return troubles.length === 0 ? 0 : 1;
}

const choice = chosen();
if (choice === null) {
  say(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await runUntilSignal(async (signal) => await run(choice, signal));
  } catch (error) {
    say(errorText(error));
    process.exitCode = 3;
  }
}
