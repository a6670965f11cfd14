/** Problems of a repository on a terminal. */
import { plainLine } from "#fleet/escape.ts";
import type { Problem } from "#fleet/problem.ts";
import { problemLine } from "#fleet/validate-text.ts";
import type { Io } from "./io.ts";

/** `deployments/web.yaml:7:5: unknown-field: …`, a line each. */
export function problemLines(problems: readonly Problem[]): string {
  return problems.map((problem) => `${plainLine(problemLine(problem))}\n`).join("");
}

/** `3 problems in 2 files`. */
export function problemCount(problems: readonly Problem[]): string {
  return `${count(problems.length, "problem")} in ${count(new Set(problems.map(({ file }) => file)).size, "file")}`;
}

/** `1 problem`, `2 problems`. */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** Problems on stderr, for commands whose result needs a valid repository. */
export function printProblems(problems: readonly Problem[], where: string, io: Io): void {
  io.err(problemLines(problems));
  io.err(`${io.paintErr("red", "not valid:")} ${where}: ${problemCount(problems)}\n`);
}
