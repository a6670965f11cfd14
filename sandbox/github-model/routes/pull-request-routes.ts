/** Pull requests: listed, read, opened, edited, merged. */
import { z } from "zod";
import { invalid, notFound } from "../api-error.ts";
import { mergePullRequest } from "../landing.ts";
import {
  announce,
  closePullRequest,
  forgetMergeability,
  openPullRequest,
  reopenPullRequest,
  sizeOf,
  startJudging,
} from "../pull-requests.ts";
import { bodyOf, listOf, numberParam, writerOf, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { commitView, fileView } from "../views/commit-view.ts";
import { pullRequestListView, pullRequestView } from "../views/pull-request-view.ts";
import type { PullRequest } from "../world.ts";

/** GitHub lists no more of a pull request. */
const MOST_FILES = 3_000;
const MOST_COMMITS = 250;

const reads = { anyOf: ["pull_requests"], level: "read" } as const;
const writes = { anyOf: ["pull_requests"], level: "write" } as const;
const merges = { anyOf: ["contents"], level: "write" } as const;
const ALL = "/repos/{owner}/{repo}/pulls";
const ONE = "/repos/{owner}/{repo}/pulls/{pull_number}";

export const pullRequestRoutes: readonly Route[] = [
  { scope: "repository", operation: `GET ${ALL}`, needs: reads, perform: list },
  { scope: "repository", operation: `POST ${ALL}`, needs: writes, createsContent: true, perform: open },
  { scope: "repository", operation: `GET ${ONE}`, needs: reads, perform: read },
  { scope: "repository", operation: `PATCH ${ONE}`, needs: writes, perform: edit },
  { scope: "repository", operation: `GET ${ONE}/files`, needs: reads, perform: files },
  { scope: "repository", operation: `GET ${ONE}/commits`, needs: reads, perform: commits },
  { scope: "repository", operation: `GET ${ONE}/merge`, needs: reads, perform: isMerged },
  { scope: "repository", operation: `PUT ${ONE}/merge`, needs: merges, perform: merge },
];

async function list({ world, repository, query }: RepositoryCall): Promise<Answer> {
  const state = query.get("state") ?? "open";
  const base = query.get("base");
  // A head without its owner is ignored, as GitHub does.
  const head = query.get("head")?.includes(":") === true ? query.get("head") : null;
  const found = [...repository.pulls.values()].filter(
    (pull) =>
      (state === "all" || pull.state === state) &&
      (base === null || pull.baseRef === base) &&
      (head === null || head === `${repository.owner.login}:${pull.headRef}`),
  );
  const sort = query.get("sort") ?? "created";
  const descends = (query.get("direction") ?? (sort === "created" ? "desc" : "asc")) === "desc";
  const ascending = found.toSorted((a, b) => orderOf(sort, a) - orderOf(sort, b) || a.number - b.number);
  const ordered = descends ? ascending.toReversed() : ascending;
  return listOf(ordered.map((pull) => pullRequestListView(world, repository, pull)));
}

function orderOf(sort: string, pull: PullRequest): number {
  return sort === "updated" ? pull.updatedAtMs : pull.createdAtMs;
}

const openRequest = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
});

async function open(call: RepositoryCall): Promise<Answer> {
  const asked = bodyOf(call, openRequest);
  const author = writerOf(call);
  const pull = await call.repository.git.exclusive(() => openPullRequest(call, call.repository, asked, author));
  return { status: 201, body: await fullView(call, pull) };
}

/** Asking starts the job that finds out whether it can be merged; who asks too early reads `null`. */
async function read(call: RepositoryCall): Promise<Answer> {
  const pull = pullOf(call);
  const answer = await fullView(call, pull, call.faults.takePendingMergeability());
  if (pull.state === "open" && pull.mergeability === "unknown") startJudging(call, call.repository, pull);
  return { status: 200, body: answer };
}

const editRequest = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
});

async function edit(call: RepositoryCall): Promise<Answer> {
  const pull = pullOf(call);
  const asked = bodyOf(call, editRequest);
  await call.repository.git.exclusive(() => applyEdit(call, pull, asked));
  return { status: 200, body: await fullView(call, pull) };
}

async function applyEdit(call: RepositoryCall, pull: PullRequest, asked: z.infer<typeof editRequest>): Promise<void> {
  const { repository } = call;
  const by = writerOf(call);
  if (asked.base !== undefined && asked.base !== pull.baseRef) await changeBase(call, pull, asked.base);
  if (asked.title !== undefined) pull.title = asked.title;
  if (asked.body !== undefined) pull.body = asked.body;
  pull.updatedAtMs = call.nowMs;
  const isEdited = asked.base !== undefined || asked.title !== undefined || asked.body !== undefined;
  if (isEdited) await announce(call, repository, pull, "edited", by, { changes: {} });
  if (asked.state === "closed") await closePullRequest(call, repository, pull, by);
  if (asked.state === "open") await reopenPullRequest(call, repository, pull, by);
}

async function changeBase({ repository }: RepositoryCall, pull: PullRequest, base: string): Promise<void> {
  const sha = (await repository.git.refs("refs/heads/")).get(`refs/heads/${base}`);
  if (sha === undefined) throw invalid("PullRequest", "base", "invalid");
  Object.assign(pull, { baseRef: base, baseSha: sha });
  forgetMergeability(pull);
}

async function files(call: RepositoryCall): Promise<Answer> {
  const { world, repository } = call;
  const pull = pullOf(call);
  const from = await repository.git.mergeBase(pull.baseSha, pull.headSha);
  const changes = from === null ? [] : await repository.git.changes(from, pull.headSha);
  return listOf(changes.slice(0, MOST_FILES).map((change) => fileView(world, repository, pull.headSha, change)));
}

async function commits(call: RepositoryCall): Promise<Answer> {
  const { world, repository } = call;
  const pull = pullOf(call);
  const found = await repository.git.commits(["--reverse", `${pull.baseSha}..${pull.headSha}`]);
  return listOf(found.slice(0, MOST_COMMITS).map((commit) => commitView(world, repository, commit)));
}

async function isMerged(call: RepositoryCall): Promise<Answer> {
  if (pullOf(call).mergedAtMs === null) throw notFound();
  return { status: 204 };
}

const mergeRequest = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
});

async function merge(call: RepositoryCall): Promise<Answer> {
  const { repository } = call;
  const pull = pullOf(call);
  const asked = bodyOf(call, mergeRequest);
  const words = { title: asked.commit_title, message: asked.commit_message };
  const how = { method: asked.merge_method, sha: asked.sha, ...words };
  const by = writerOf(call);
  const sha = await repository.git.exclusive(() => mergePullRequest(call, repository, pull, how, by));
  return { status: 200, body: { sha, merged: true, message: "Pull Request successfully merged" } };
}

async function fullView(call: RepositoryCall, pull: PullRequest, isPending = false): Promise<Record<string, unknown>> {
  const { world, repository } = call;
  return pullRequestView(world, repository, pull, await sizeOf(repository, pull), isPending);
}

function pullOf(call: RepositoryCall): PullRequest {
  const pull = call.repository.pulls.get(numberParam(call, "pull_number"));
  if (pull === undefined) throw notFound();
  return pull;
}
