/** What the webhooks carry. */
import type { Commit, RefChange } from "./git-objects.ts";
import { accountView } from "./views/account-view.ts";
import { pullRequestView, type PullRequestSize } from "./views/pull-request-view.ts";
import { repositoryView, repositoryWebUrl } from "./views/repository-view.ts";
import type { Account, PullRequest, Repository, World } from "./world.ts";

const NO_SHA = "0".repeat(40);
/** GitHub lists no more commits in one push. */
const MOST_COMMITS = 2_048;

/** `push`. */
export async function pushPayload(
  world: World,
  repository: Repository,
  change: RefChange,
  pusher: Account,
): Promise<Record<string, unknown>> {
  const { ref, before, after } = change;
  const commits = (await pushedCommits(repository, change)).map((commit) => pushedCommit(world, repository, commit));
  const forced = before !== null && after !== null && !(await repository.git.isAncestor(before, after));
  return {
    ref,
    before: before ?? NO_SHA,
    after: after ?? NO_SHA,
    base_ref: null,
    created: before === null,
    deleted: after === null,
    forced,
    compare: `${repositoryWebUrl(world, repository)}/compare/${before ?? NO_SHA}...${after ?? NO_SHA}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: pusher.login, email: null },
    repository: inWebhook(world, repository),
    sender: accountView(world, pusher),
  };
}

/** `pull_request`. */
export function pullRequestPayload(
  world: World,
  repository: Repository,
  pull: PullRequest,
  size: PullRequestSize,
  what: { action: string; by: Account; more: Readonly<Record<string, unknown>> },
): Record<string, unknown> {
  return {
    action: what.action,
    number: pull.number,
    pull_request: pullRequestView(world, repository, pull, size),
    repository: inWebhook(world, repository),
    sender: accountView(world, what.by),
    ...what.more,
  };
}

/** A webhook has custom properties that the API's answers lack. */
function inWebhook(world: World, repository: Repository): Record<string, unknown> {
  return { ...repositoryView(world, repository), custom_properties: {} };
}

async function pushedCommits(repository: Repository, { before, after }: RefChange): Promise<Commit[]> {
  if (after === null) return [];
  const range = before === null ? ["-1", after] : [`--max-count=${MOST_COMMITS}`, `${before}..${after}`];
  return (await repository.git.commits(range)).toReversed();
}

function pushedCommit(world: World, repository: Repository, commit: Commit): Record<string, unknown> {
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryWebUrl(world, repository)}/commit/${commit.sha}`,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
}
