/** The merge button: refuses what GitHub refuses, lands the rest, and lets everything follow. */
import { ApiError } from "./api-error.ts";
import { landMerge, type MergeMethod } from "./merging.ts";
import { noteMerged } from "./pull-requests.ts";
import { followRefChanges } from "./ref-changes.ts";
import type { Model } from "./routing.ts";
import { missingContexts } from "./views/pull-request-view.ts";
import type { Account, PullRequest, Repository } from "./world.ts";

/** Merges it into its base by `method`, or throws what GitHub answers: 405 not mergeable, 409 the head has moved. Gives the sha that landed. */
export async function mergePullRequest(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  asked: { method: MergeMethod; sha?: string | undefined; title?: string | undefined; message?: string | undefined },
  by: Account,
): Promise<string> {
  if (pull.state !== "open") throw new ApiError(405, "Pull Request is not mergeable");
  if (asked.sha !== undefined && asked.sha !== pull.headSha) {
    throw new ApiError(409, "Head branch was modified. Review and try the merge again.");
  }
  const [missing] = missingContexts(repository, pull);
  if (missing !== undefined) throw new ApiError(405, `Required status check "${missing}" is expected.`);
  const ref = `refs/heads/${pull.baseRef}`;
  const before = await repository.git.resolve(`heads/${pull.baseRef}`);
  const landed = before === null ? null : await landMerge(repository, pull, before, asked, model.world.nowMs(), by);
  if (landed === null) throw new ApiError(405, "Pull Request is not mergeable");
  await repository.git.setRef(ref, landed);
  await noteMerged(model, repository, pull, landed, by);
  await followRefChanges(model, repository, [{ ref, before, after: landed }], by);
  return landed;
}
