/** The model of GitHub for tests: every request, answer and webhook is held to GitHub's own description, and a mismatch fails the test. */
import { startGithubModel, type GithubModel, type GithubModelOptions } from "#sandbox/github-model/github-model.ts";
import { publishedDescription } from "./published-description.ts";

/** As `startGithubModel`; `stop` (or the end of `await using`) throws with everything that did not agree. */
export function startCheckedGithubModel(options: Omit<GithubModelOptions, "inspector"> = {}): Promise<GithubModel> {
  return startGithubModel({ ...options, inspector: publishedDescription() });
}
