/** Commits, what lies between two of them, and the pull requests they belong to. */
import { ApiError, notFound } from "../api-error.ts";
import type { Commit } from "../git-objects.ts";
import { listOf, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { commitView, fileView } from "../views/commit-view.ts";
import { pullRequestListView } from "../views/pull-request-view.ts";
import { repositoryUrl, repositoryWebUrl } from "../views/repository-view.ts";
import type { PullRequest, Repository } from "../world.ts";

const reads = { anyOf: ["contents"], level: "read" } as const;
const readsPulls = { anyOf: ["pull_requests"], level: "read" } as const;
/** GitHub compares no more files than this. */
const MOST_FILES = 300;

export const commitRoutes: readonly Route[] = [
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/commits", needs: reads, perform: commits },
  {
    scope: "repository",
    operation: "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    needs: readsPulls,
    perform: pullsOfCommit,
  },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/compare/{basehead}", needs: reads, perform: compare },
  // Greedy: after every other route below commits/.
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/commits/{ref}", needs: reads, perform: commit },
];

/** The commit of a name in a path, or GitHub's 422. */
export async function resolvedCommit(repository: Repository, name: string): Promise<string> {
  const sha = await repository.git.resolve(name);
  if (sha === null) throw new ApiError(422, `No commit found for SHA: ${name}`);
  return sha;
}

async function commits({ world, repository, query }: RepositoryCall): Promise<Answer> {
  const tip = await repository.git.resolve(query.get("sha") ?? repository.defaultBranch);
  if (tip === null) throw query.has("sha") ? notFound() : new ApiError(409, "Git Repository is empty.");
  const [since, until] = [query.get("since"), query.get("until")];
  const range = [...(since === null ? [] : [`--since=${since}`]), ...(until === null ? [] : [`--until=${until}`]), tip];
  const found = await repository.git.commits(range);
  return listOf(found.map((entry) => commitView(world, repository, entry)));
}

async function commit({ world, repository, params }: RepositoryCall): Promise<Answer> {
  const sha = await resolvedCommit(repository, params["ref"] ?? "");
  const found = await repository.git.commit(sha);
  const parent = found.parents[0];
  const changes = parent === undefined ? [] : await repository.git.changes(parent, sha);
  const additions = changes.reduce((sum, change) => sum + change.additions, 0);
  const deletions = changes.reduce((sum, change) => sum + change.deletions, 0);
  const stats = { additions, deletions, total: additions + deletions };
  const files = changes.slice(0, MOST_FILES).map((change) => fileView(world, repository, sha, change));
  return { status: 200, body: { ...commitView(world, repository, found), stats, files } };
}

async function compare(call: RepositoryCall): Promise<Answer> {
  const { repository, params } = call;
  const [baseName = "", headName] = (params["basehead"] ?? "").split("...", 2);
  const base = await repository.git.resolve(baseName);
  const head = headName === undefined ? null : await repository.git.resolve(headName);
  if (base === null || head === null) throw notFound();
  const mergeBase = await repository.git.mergeBase(base, head);
  if (mergeBase === null) throw new ApiError(404, `No common ancestor between ${baseName} and ${headName}.`);
  const ahead = (await repository.git.commits([`${mergeBase}..${head}`, `^${base}`])).toReversed();
  const behind = await repository.git.commits([`${head}..${base}`]);
  return comparison(call, { base, head, mergeBase, ahead, behind });
}

interface Compared {
  readonly base: string;
  readonly head: string;
  readonly mergeBase: string;
  readonly ahead: readonly Commit[];
  readonly behind: readonly Commit[];
}

/** Commits come in pages; files on the first page alone. */
async function comparison(call: RepositoryCall, compared: Compared): Promise<Answer> {
  const { world, repository, query } = call;
  const { base, head, mergeBase, ahead, behind } = compared;
  const view = async (sha: string): Promise<unknown> => commitView(world, repository, await repository.git.commit(sha));
  const name = `compare/${base}...${head}`;
  const html = `${repositoryWebUrl(world, repository)}/${name}`;
  const changes = (query.get("page") ?? "1") === "1" ? await repository.git.changes(mergeBase, head) : [];
  const body = {
    url: `${repositoryUrl(world, repository)}/${name}`,
    html_url: html,
    permalink_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    base_commit: await view(base),
    merge_base_commit: await view(mergeBase),
    status: statusOf(ahead.length, behind.length),
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    files: changes.slice(0, MOST_FILES).map((change) => fileView(world, repository, head, change)),
  };
  const items = ahead.map((entry) => commitView(world, repository, entry));
  return { status: 200, list: { items, page: (page) => ({ ...body, commits: page }) } };
}

function statusOf(ahead: number, behind: number): "diverged" | "ahead" | "behind" | "identical" {
  if (ahead > 0 && behind > 0) return "diverged";
  if (ahead > 0) return "ahead";
  return behind > 0 ? "behind" : "identical";
}

/** The merged pull request that brought the commit into the default branch; else the open ones that hold it. */
async function pullsOfCommit({ world, repository, params }: RepositoryCall): Promise<Answer> {
  const sha = await resolvedCommit(repository, params["commit_sha"] ?? "");
  const tip = await repository.git.resolve(repository.defaultBranch);
  const isLanded = tip !== null && (await repository.git.isAncestor(sha, tip));
  const found: PullRequest[] = [];
  for (const pull of repository.pulls.values()) {
    const counts = isLanded ? pull.mergedAtMs !== null : pull.state === "open";
    if (counts && (await holds(repository, pull, sha))) found.push(pull);
  }
  return listOf(found.map((pull) => pullRequestListView(world, repository, pull)));
}

async function holds(repository: Repository, pull: PullRequest, sha: string): Promise<boolean> {
  if (pull.mergedAtMs !== null && pull.mergeCommitSha === sha) return true;
  const { git } = repository;
  return (await git.isAncestor(sha, pull.headSha)) && !(await git.isAncestor(sha, pull.baseSha));
}
