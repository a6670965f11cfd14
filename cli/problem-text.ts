/** Problems of a repository as people, editors and GitHub read them. */
import type { Problem } from "#fleet/problem.ts";
import { printable, type Io, type Paint } from "./io.ts";

/** `deployments/web.yaml:7:5: unknown-field: …`, a line each. */
export function problemLines(problems: readonly Problem[], paint: Paint): string {
  return problems.map((problem) => `${problemLine(problem, paint)}\n`).join("");
}

function problemLine({ file, line, column, code, message }: Problem, paint: Paint): string {
  return `${paint("bold", `${printable(file)}:${line}:${column}:`)} ${paint("red", code)}: ${printable(message)}`;
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
export function printProblems(problems: readonly Problem[], folder: string, io: Io): void {
  io.err(problemLines(problems, io.paintErr));
  io.err(`${io.paintErr("red", "not valid:")} ${folder}: ${problemCount(problems)}\n`);
}

/** GitHub workflow commands: GitHub shows each problem at its line of the pull request. */
export function problemAnnotations(problems: readonly Problem[], prefix: string): string {
  const lines = problems.map(({ file, line, column, code, message }) => {
    const place = `file=${property(prefix + file)},line=${line},col=${column},title=${property(code)}`;
    return `::error ${place}::${data(message)}\n`;
  });
  return lines.join("");
}

// The escapes that GitHub's runner undoes (actions/toolkit, command.ts): without them a name could end the command.
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
