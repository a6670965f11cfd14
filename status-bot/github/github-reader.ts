/** Reading from GitHub. */
import type {
  CommitStatus,
  ForgeCommit,
  ForgeReader,
  MergeResult,
  OwnComment,
  PullRequest,
  StatusState,
} from "../forge/forge.ts";
import { ForgeError } from "../forge/forge-error.ts";
import type { GithubClient } from "./client.ts";
import { ANNOTATIONS_NAME, commentOf, type ApiComment } from "./api-shapes.ts";

interface ApiPull {
  readonly number: number;
  readonly updated_at: string;
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly mergeable?: boolean | null;
  readonly head: { readonly sha: string };
}

const REPO = "/repos/{owner}/{repo}";
/** How many closed pull requests are looked at: those whose merge is still followed are among them. */
const CLOSED_MAX = 50;
const STATUS_STATES: readonly StatusState[] = ["pending", "success", "failure", "error"];

/** All of it through conditional requests. */
export function githubReader(client: GithubClient): ForgeReader {
  return {
    async openPulls(branch) {
      const list = { state: "open", base: branch, sort: "created", direction: "asc" };
      const pulls = await client.pages<ApiPull>("list open pull requests", `GET ${REPO}/pulls`, list);
      return pulls.map((pull) => pullOf(pull, null));
    },
    async mergedPulls(branch) {
      const list = { state: "closed", base: branch, sort: "updated", direction: "desc", per_page: CLOSED_MAX };
      const pulls = await client.get<ApiPull[]>("list merged pull requests", `GET ${REPO}/pulls`, list);
      return pulls.filter(({ merged_at }) => merged_at !== null).map((pull) => pullOf(pull, pull.merge_commit_sha));
    },
    commitsBelow: (head) => commitsBelow(client, head),
    mergeResult: (pull) => mergeResult(client, pull),
    mergeBase: (base, head) => mergeBase(client, base, head),
    statuses: (commit) => statuses(client, commit),
    ownComments: (pull, marker) => ownComments(client, pull, marker),
    annotationsId: (commit) => annotationsId(client, commit),
  };
}

function pullOf({ number, head, updated_at }: ApiPull, mergedAs: string | null): PullRequest {
  return { number, head: head.sha, updatedAt: updated_at, mergedAs };
}

async function commitsBelow(client: GithubClient, head: string): Promise<ForgeCommit[]> {
  type ApiCommit = { readonly sha: string; readonly parents: readonly { readonly sha: string }[] };
  const list = { sha: head, per_page: 100 };
  const commits = await client.get<ApiCommit[]>("list the commits of the branch", `GET ${REPO}/commits`, list);
  return commits.map(({ sha, parents }) => ({ id: sha, parents: parents.map((parent) => parent.sha) }));
}

// GitHub works it out when it is asked: null means that it has begun to.
async function mergeResult(client: GithubClient, pull: number): Promise<MergeResult> {
  const one = { pull_number: pull };
  const found = await client.get<ApiPull>(`read pull request #${pull}`, `GET ${REPO}/pulls/{pull_number}`, one);
  if (found.mergeable === false) return { kind: "conflict" };
  if (found.mergeable !== true || found.merge_commit_sha === null) return { kind: "unknown" };
  return { kind: "clean", commit: found.merge_commit_sha };
}

async function mergeBase(client: GithubClient, base: string, head: string): Promise<string | null> {
  type ApiComparison = { readonly merge_base_commit: { readonly sha: string } };
  const one = { basehead: `${base}...${head}`, per_page: 1 };
  try {
    const compared = await client.get<ApiComparison>("compare two commits", `GET ${REPO}/compare/{basehead}`, one);
    return compared.merge_base_commit.sha;
  } catch (error) {
    // GitHub's words for histories that share nothing.
    if (error instanceof ForgeError && /No common ancestor/i.test(error.message)) return null;
    throw error;
  }
}

async function statuses(client: GithubClient, commit: string): Promise<CommitStatus[]> {
  type ApiStatus = { readonly context: string; readonly state: string; readonly description: string | null };
  const one = { ref: commit, per_page: 100 };
  const combined = await client.get<{ statuses: ApiStatus[] }>(
    "read the statuses of a commit",
    `GET ${REPO}/commits/{ref}/status`,
    one,
  );
  return combined.statuses.map(({ context, state, description }) => ({
    context,
    state: STATUS_STATES.find((known) => known === state) ?? "error",
    description: description ?? "",
  }));
}

async function ownComments(client: GithubClient, pull: number, marker: string): Promise<OwnComment[]> {
  const { login } = await client.account();
  const route = `GET ${REPO}/issues/{issue_number}/comments`;
  const comments = await client.pages<ApiComment & { readonly user: { readonly login: string } | null }>(
    `read the comments of #${pull}`,
    route,
    { issue_number: pull },
  );
  return comments
    .filter(({ user, body }) => user?.login === login && firstLine(body ?? "") === marker)
    .map(commentOf)
    .toSorted((a, b) => a.id - b.id);
}

function firstLine(body: string): string {
  return (body.split("\n", 1)[0] ?? "").trimEnd();
}

async function annotationsId(client: GithubClient, commit: string): Promise<string | null> {
  const { appId } = await client.account();
  if (appId === null) return null;
  type ApiRun = {
    readonly id: number;
    readonly external_id: string | null;
    readonly app: { readonly id: number } | null;
  };
  const one = { ref: commit, check_name: ANNOTATIONS_NAME, per_page: 100 };
  const { check_runs: runs } = await client.get<{ check_runs: ApiRun[] }>(
    "read the check runs of a commit",
    `GET ${REPO}/commits/{ref}/check-runs`,
    one,
  );
  const newest = runs.filter(({ app }) => app?.id === appId).toSorted((a, b) => b.id - a.id)[0];
  return newest?.external_id ?? null;
}
