/** The problems of a commit in a comment, each with a link to its line. */
import type { Problem } from "#fleet/problem.ts";
import type { CommitJudgement } from "../core/judgement.ts";
import type { ForgeLinks } from "../forge/forge.ts";
import { code, count } from "./markdown.ts";

const SHOWN_MAX = 50;
/** Two such lists and a rollout fit into one comment. */
const SECTION_MAX_BYTES = 20_000;

/** Where the files of the fleet are. */
export interface FilePlace {
  readonly links: ForgeLinks;
  /** Folder of the fleet within the repository, `""` for its root. */
  readonly folder: string;
}

/** A list, or null where there are none. It leaves room for the rest of the comment. */
export function problemsSection(title: string, judgement: CommitJudgement, place: FilePlace): string | null {
  if (judgement.problemsTotal === 0) return null;
  const shown = firstOf(judgement.problems.slice(0, SHOWN_MAX).map((one) => problemLine(one, judgement.commit, place)));
  const left = judgement.problemsTotal - shown.length;
  const more = left > 0 ? [`- … and ${count(left, "more problem")}; \`gitfleet validate\` lists all`] : [];
  return [`**${title}**`, "", ...shown, ...more].join("\n");
}

function firstOf(lines: readonly string[]): string[] {
  const shown: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    bytes += Buffer.byteLength(line);
    if (bytes > SECTION_MAX_BYTES) break;
    shown.push(line);
  }
  return shown;
}

function problemLine(problem: Problem, commit: string, place: FilePlace): string {
  const { file, line, column, code: problemCode, message } = problem;
  const link = place.links.file(commit, repositoryPath(file, place.folder), line);
  return `- [${code(`${file}:${line}:${column}`)}](${link}) ${code(problemCode)}: ${code(message, 500)}`;
}

/** A file of the fleet as the repository names it. */
export function repositoryPath(file: string, folder: string): string {
  return folder === "" ? file : `${folder}/${file}`;
}
