/** The fleet repository: reachable, with this token, and with the branch. */
import { openSource } from "#git/open-source.ts";
import { asGitError } from "#git/git-error.ts";
import { errorText } from "#runtime/errors.ts";
import type { Check } from "./check.ts";
import type { RepositoryOptions } from "./repository.ts";

const ANSWER_LIMIT_MS = 10_000;
const SHORT_ID = 12;

export async function checkRepository(options: RepositoryOptions): Promise<Check> {
  const name = "repository";
  const { repo, branch, gitToken: token, gitTokenFile: tokenFile, gitCa: caFile } = options;
  try {
    const opened = await openSource({ repo, token, tokenFile, caFile, idleMs: ANSWER_LIMIT_MS });
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
