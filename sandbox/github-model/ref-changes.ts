/** What follows when refs of a repository move: webhooks, pull requests that grow, close, merge or must be judged again. */
import type { RefChange } from "./git-objects.ts";
import { closePullRequest, forgetMergeability, moveHead, noteMerged } from "./pull-requests.ts";
import type { Model } from "./routing.ts";
import { pushPayload } from "./webhook-payloads.ts";
import type { Account, PullRequest, Repository } from "./world.ts";

/** Call it inside the repository's `exclusive`, once for each set of refs moved together. */
export async function followRefChanges(
  model: Model,
  repository: Repository,
  changes: readonly RefChange[],
  pusher: Account,
): Promise<void> {
  for (const change of changes) {
    repository.pushedAtMs = model.world.nowMs();
    if (model.webhooks.isWanted("push")) {
      model.webhooks.send("push", await pushPayload(model.world, repository, change, pusher));
    }
    if (!change.ref.startsWith("refs/heads/")) continue;
    const branch = change.ref.slice("refs/heads/".length);
    for (const pull of openPulls(repository))
      await followInPull(model, repository, pull, { ...change, branch }, pusher);
  }
}

async function followInPull(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  change: RefChange & { branch: string },
  pusher: Account,
): Promise<void> {
  if (pull.headRef === change.branch) {
    if (change.after === null) await closePullRequest(model, repository, pull, pusher);
    else await moveHead(model, repository, pull, change.after, pusher);
    return;
  }
  if (pull.baseRef !== change.branch) return;
  if (change.after === null) await closePullRequest(model, repository, pull, pusher);
  else if (await repository.git.isAncestor(pull.headSha, change.after)) {
    await noteMerged(model, repository, pull, await landedBy(repository, pull, change.after), pusher);
  } else forgetMergeability(pull);
}

/** The first-parent commit of the base that brought the head in. */
async function landedBy(repository: Repository, pull: PullRequest, base: string): Promise<string> {
  const range = ["rev-list", "--first-parent", "--ancestry-path", `${pull.headSha}..${base}`];
  const path = (await repository.git.git(range)).trim().split("\n");
  return path.at(-1) || pull.headSha;
}

function openPulls(repository: Repository): PullRequest[] {
  return [...repository.pulls.values()].filter(({ state }) => state === "open");
}
