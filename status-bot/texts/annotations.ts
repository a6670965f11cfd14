/** The problems of a commit beside the lines they are about. */
import { hash } from "node:crypto";
import type { CommitJudgement, PullJudgement } from "../core/judgement.ts";
import type { Annotations } from "../forge/forge.ts";
import { code, count, oneLine } from "./markdown.ts";
import { repositoryPath } from "./problems-section.ts";

/** Annotations for a pull request's head; null where it has no problem. A success takes back earlier ones. */
export function pullAnnotations({ own, merge }: PullJudgement, branch: string, folder: string): Annotations | null {
  if (own.problemsTotal > 0) return annotations(own, "Invalid", folder);
  if (merge.kind === "judged" && merge.judgement.problemsTotal > 0) {
    return annotations(merge.judgement, `Invalid once merged into ${branch}`, folder);
  }
  return null;
}

/** What replaces annotations whose problems are gone. */
export function clearedAnnotations(): Annotations {
  return { conclusion: "success", title: "Valid", summary: "No problems.", lines: [], id: "valid" };
}

function annotations({ problems, problemsTotal }: CommitJudgement, title: string, folder: string): Annotations {
  const lines = problems.map(({ file, line, code: problemCode, message }) => ({
    path: repositoryPath(file, folder),
    line,
    message: oneLine(`${problemCode}: ${message}`, 1_000),
  }));
  const summary = `${count(problemsTotal, "problem")}. The first: ${code(lines[0]?.message ?? "", 500)}`;
  const content = { conclusion: "failure", title, summary, lines } as const;
  return { ...content, id: hash("sha256", JSON.stringify(content)).slice(0, 32) };
}
