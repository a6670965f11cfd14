/** The fleet repository: reachable, with this token, and with the branch. */
import { openSource } from "#git/open-source.ts";
import { asGitError } from "#git/git-error.ts";
import { errorText } from "#runtime/errors.ts";
import type { Check } from "./check.ts";

const ANSWER_LIMIT_MS = 10_000;
const SHORT_ID = 12;

/** Which repository, as the reconciler is told. */
export interface RepositoryOptions {
  readonly repo: string;
  readonly branch: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

export async function checkRepository({ branch, ...source }: RepositoryOptions): Promise<Check> {
  const name = "repository";
  try {
    const opened = await openSource({ ...source, idleMs: ANSWER_LIMIT_MS });
    try {
      const head = await opened.head(branch, AbortSignal.timeout(ANSWER_LIMIT_MS));
      return { level: "ok", name, found: `${opened.description}: ${branch} is at ${head.slice(0, SHORT_ID)}` };
    } finally {
      await opened.close();
    }
  } catch (cause) {
    const error = asGitError(cause);
    return { level: "fail", name, found: errorText(error), todo: [error.hint ?? "check --repo and --branch"] };
  }
}
