/** The life of a pull request: opened, grown, judged, landed, closed. Callers hold the repository's `exclusive`. */
import { ApiError, invalid } from "./api-error.ts";
import type { Model } from "./routing.ts";
import type { PullRequestSize } from "./views/pull-request-view.ts";
import { pullRequestPayload } from "./webhook-payloads.ts";
import type { Account, PullRequest, Repository } from "./world.ts";

const GITHUB = { name: "GitHub", email: "noreply@github.com" };

export interface NewPullRequest {
  readonly title: string;
  readonly head: string;
  readonly base: string;
  readonly body?: string | null | undefined;
}

/** Opens it, or answers 422 as GitHub does. */
export async function openPullRequest(
  model: Model,
  repository: Repository,
  asked: NewPullRequest,
  author: Account,
): Promise<PullRequest> {
  const headRef = asked.head.replace(`${repository.owner.login}:`, "");
  const heads = await repository.git.refs("refs/heads/");
  const headSha = heads.get(`refs/heads/${headRef}`);
  const baseSha = heads.get(`refs/heads/${asked.base}`);
  if (headSha === undefined) throw invalid("PullRequest", "head", "invalid");
  if (baseSha === undefined) throw invalid("PullRequest", "base", "invalid");
  refuseDuplicate(repository, headRef, asked.base);
  if (await repository.git.isAncestor(headSha, baseSha)) {
    throw custom(`No commits between ${asked.base} and ${headRef}`);
  }
  const now = model.world.nowMs();
  const pull: PullRequest = {
    id: model.world.nextId(),
    number: repository.pulls.size + 1,
    author,
    title: asked.title,
    body: asked.body ?? null,
    headRef,
    headSha,
    baseRef: asked.base,
    baseSha,
    state: "open",
    createdAtMs: now,
    updatedAtMs: now,
    closedAtMs: null,
    mergedAtMs: null,
    mergedBy: null,
    mergeCommitSha: null,
    mergeability: "unknown",
  };
  repository.pulls.set(pull.number, pull);
  await repository.git.setRef(headRefOf(pull), headSha);
  await announce(model, repository, pull, "opened", author);
  startJudging(model, repository, pull);
  return pull;
}

/** New commits on the head branch. */
export async function moveHead(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  headSha: string,
  by: Account,
): Promise<void> {
  const before = pull.headSha;
  pull.headSha = headSha;
  pull.baseSha = (await repository.git.resolve(pull.baseRef)) ?? pull.baseSha;
  pull.updatedAtMs = model.world.nowMs();
  forgetMergeability(pull);
  await repository.git.setRef(headRefOf(pull), headSha);
  await announce(model, repository, pull, "synchronize", by, { before, after: headSha });
  startJudging(model, repository, pull);
}

/** The base moved: nobody knows until somebody asks. The merge ref stays as it was. */
export function forgetMergeability(pull: PullRequest): void {
  pull.mergeability = "unknown";
}

/** Looks again, in the background, whether an open pull request can be merged. */
export function startJudging(model: Model, repository: Repository, pull: PullRequest): void {
  model.background.start(() => repository.git.exclusive(() => judgeMergeability(model, repository, pull)));
}

/** The background job: makes the test merge and its ref. A conflict leaves an earlier ref and sha stale, as on GitHub. */
export async function judgeMergeability(model: Model, repository: Repository, pull: PullRequest): Promise<void> {
  if (pull.state !== "open" || pull.mergeability !== "unknown") return;
  const base = await repository.git.resolve(`heads/${pull.baseRef}`);
  if (base === null) return;
  const tree = await repository.git.mergeTrees(base, pull.headSha);
  if (tree === null) {
    pull.mergeability = "conflicting";
    return;
  }
  pull.mergeCommitSha = await repository.git.commitTree({
    tree,
    parents: [base, pull.headSha],
    message: `Merge ${pull.headSha} into ${base}`,
    author: GITHUB,
    committer: GITHUB,
    atMs: model.world.nowMs(),
  });
  await repository.git.setRef(mergeRefOf(pull), pull.mergeCommitSha);
  pull.mergeability = "clean";
}

/** It is merged, by whatever way `landed` came into the base. */
export async function noteMerged(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  landed: string,
  by: Account,
): Promise<void> {
  pull.mergedAtMs = model.world.nowMs();
  pull.mergedBy = by;
  pull.mergeCommitSha = landed;
  await closePullRequest(model, repository, pull, by);
}

export async function closePullRequest(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  by: Account,
): Promise<void> {
  if (pull.state === "closed") return;
  const now = model.world.nowMs();
  Object.assign(pull, { state: "closed", closedAtMs: now, updatedAtMs: now, mergeability: "unknown" });
  await repository.git.setRef(mergeRefOf(pull), null);
  await announce(model, repository, pull, "closed", by);
}

/** Opens a closed one again; 422 where it was merged or its branch is gone. */
export async function reopenPullRequest(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  by: Account,
): Promise<void> {
  if (pull.state === "open") return;
  const head = (await repository.git.refs("refs/heads/")).get(`refs/heads/${pull.headRef}`);
  if (pull.mergedAtMs !== null || head === undefined)
    throw custom("state cannot be changed. The pull request cannot be reopened.");
  refuseDuplicate(repository, pull.headRef, pull.baseRef);
  Object.assign(pull, { state: "open", closedAtMs: null, headSha: head, updatedAtMs: model.world.nowMs() });
  await repository.git.setRef(headRefOf(pull), head);
  await announce(model, repository, pull, "reopened", by);
  startJudging(model, repository, pull);
}

/** Tells the webhooks what happened to it. */
export async function announce(
  model: Model,
  repository: Repository,
  pull: PullRequest,
  action: "opened" | "synchronize" | "closed" | "reopened" | "edited",
  by: Account,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (!model.webhooks.isWanted("pull_request")) return;
  const size = await sizeOf(repository, pull);
  model.webhooks.send("pull_request", pullRequestPayload(model.world, repository, pull, size, { action, by, more }));
}

/** What it changes, against where it left its base. */
export async function sizeOf(repository: Repository, pull: PullRequest): Promise<PullRequestSize> {
  const key = `${pull.baseSha} ${pull.headSha}`;
  const known = sizes.get(pull);
  if (known?.key === key) return known.size;
  const size = await measured(repository, pull);
  sizes.set(pull, { key, size });
  return size;
}

const sizes = new WeakMap<PullRequest, { readonly key: string; readonly size: PullRequestSize }>();

async function measured(repository: Repository, pull: PullRequest): Promise<PullRequestSize> {
  const from = await repository.git.mergeBase(pull.baseSha, pull.headSha);
  if (from === null) return { commits: 0, additions: 0, deletions: 0, changedFiles: 0 };
  const changes = await repository.git.changes(from, pull.headSha);
  const commits = await repository.git.git(["rev-list", "--count", `${pull.baseSha}..${pull.headSha}`]);
  return {
    commits: Number(commits),
    additions: changes.reduce((sum, { additions }) => sum + additions, 0),
    deletions: changes.reduce((sum, { deletions }) => sum + deletions, 0),
    changedFiles: changes.length,
  };
}

function refuseDuplicate(repository: Repository, head: string, base: string): void {
  const twin = [...repository.pulls.values()].some(
    (pull) => pull.state === "open" && pull.headRef === head && pull.baseRef === base,
  );
  if (twin) throw custom(`A pull request already exists for ${repository.owner.login}:${head}.`);
}

function custom(message: string): ApiError {
  return new ApiError(422, "Validation Failed", { errors: [{ resource: "PullRequest", code: "custom", message }] });
}

function headRefOf(pull: PullRequest): string {
  return `refs/pull/${pull.number}/head`;
}

function mergeRefOf(pull: PullRequest): string {
  return `refs/pull/${pull.number}/merge`;
}
