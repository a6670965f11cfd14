/** Comments on pull requests. */
import { z } from "zod";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { bodyOf, listOf, numberParam, writerOf, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { nodeId, timestamp } from "../timestamp.ts";
import { accountView, appView } from "../views/account-view.ts";
import { associationOf } from "../views/pull-request-view.ts";
import { repositoryUrl, repositoryWebUrl } from "../views/repository-view.ts";
import type { Comment, PullRequest, Repository } from "../world.ts";

/** Of a comment, in characters (code points). */
export const LONGEST_BODY = 65_536;

const reads = { anyOf: ["issues", "pull_requests"], level: "read" } as const;
const writes = { anyOf: ["issues", "pull_requests"], level: "write" } as const;
const OF_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const ONE = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

export const commentRoutes: readonly Route[] = [
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/issues/comments", needs: reads, perform: listAll },
  { scope: "repository", operation: `GET ${OF_ISSUE}`, needs: reads, perform: list },
  { scope: "repository", operation: `POST ${OF_ISSUE}`, needs: writes, createsContent: true, perform: create },
  { scope: "repository", operation: `GET ${ONE}`, needs: reads, perform: read },
  { scope: "repository", operation: `PATCH ${ONE}`, needs: writes, perform: edit },
  { scope: "repository", operation: `DELETE ${ONE}`, needs: writes, perform: remove },
];

const bodyRequest = z.object({ body: z.string() });

/** Oldest first. */
async function list(call: RepositoryCall): Promise<Answer> {
  const { number } = pullOf(call);
  return listOf(matching(call, (comment) => comment.pullNumber === number).map((comment) => view(call, comment)));
}

async function listAll(call: RepositoryCall): Promise<Answer> {
  const { query } = call;
  const key = query.get("sort") === "updated" ? "updatedAtMs" : "createdAtMs";
  const ordered = matching(call, () => true).toSorted((a, b) => a[key] - b[key] || a.id - b.id);
  const asked = query.get("direction") === "desc" ? ordered.toReversed() : ordered;
  return listOf(asked.map((comment) => view(call, comment)));
}

async function create(call: RepositoryCall): Promise<Answer> {
  const { world, repository, nowMs } = call;
  const pull = pullOf(call);
  const body = checkedBody(call);
  const comment: Comment = {
    id: world.nextId(),
    pullNumber: pull.number,
    author: writerOf(call),
    viaApp: call.actor.kind === "granted" && call.actor.grant.kind === "installation",
    body,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  repository.comments.set(comment.id, comment);
  pull.updatedAtMs = nowMs;
  return { status: 201, body: view(call, comment) };
}

async function read(call: RepositoryCall): Promise<Answer> {
  return { status: 200, body: view(call, commentOf(call)) };
}

async function edit(call: RepositoryCall): Promise<Answer> {
  const comment = ownComment(call);
  Object.assign(comment, { body: checkedBody(call), updatedAtMs: call.nowMs });
  touch(call.repository, comment, call.nowMs);
  return { status: 200, body: view(call, comment) };
}

async function remove(call: RepositoryCall): Promise<Answer> {
  const comment = ownComment(call);
  call.repository.comments.delete(comment.id);
  touch(call.repository, comment, call.nowMs);
  return { status: 204 };
}

function touch(repository: Repository, comment: Comment, nowMs: number): void {
  const pull = repository.pulls.get(comment.pullNumber);
  if (pull !== undefined) pull.updatedAtMs = nowMs;
}

function checkedBody(call: RepositoryCall): string {
  const { body } = bodyOf(call, bodyRequest);
  if (body.trim() === "") throw invalid("IssueComment", "data", "unprocessable", "Body cannot be blank");
  // Code units first: counting code points of a huge text costs.
  if (body.length > LONGEST_BODY && Array.from(body).length > LONGEST_BODY) {
    throw invalid("IssueComment", "data", "unprocessable", `Body is too long (maximum is ${LONGEST_BODY} characters)`);
  }
  return body;
}

function matching({ repository, query }: RepositoryCall, wanted: (comment: Comment) => boolean): Comment[] {
  const since = query.get("since");
  const sinceMs = since === null ? 0 : Date.parse(since);
  // Compared in whole seconds, as it is written.
  const isRecent = ({ updatedAtMs }: Comment): boolean => Math.floor(updatedAtMs / 1000) * 1000 >= sinceMs;
  return [...repository.comments.values()].filter((comment) => wanted(comment) && isRecent(comment));
}

function pullOf(call: RepositoryCall): PullRequest {
  const pull = call.repository.pulls.get(numberParam(call, "issue_number"));
  if (pull === undefined) throw notFound();
  return pull;
}

function commentOf(call: RepositoryCall): Comment {
  const comment = call.repository.comments.get(numberParam(call, "comment_id"));
  if (comment === undefined) throw notFound();
  return comment;
}

/** Others' comments are for those who may write to the repository; an App edits its own alone. */
function ownComment(call: RepositoryCall): Comment {
  const comment = commentOf(call);
  const { actor } = call;
  const isApp = actor.kind === "granted" && actor.grant.kind === "installation";
  if (isApp && comment.author.id !== actor.grant.account.id)
    throw new ApiError(403, "Resource not accessible by integration");
  return comment;
}

function view({ world, repository }: RepositoryCall, comment: Comment): Record<string, unknown> {
  const api = repositoryUrl(world, repository);
  const url = `${api}/issues/comments/${comment.id}`;
  const page = `${repositoryWebUrl(world, repository)}/pull/${comment.pullNumber}`;
  return {
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    url,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: `${api}/issues/${comment.pullNumber}`,
    user: accountView(world, comment.author),
    body: comment.body,
    created_at: timestamp(comment.createdAtMs),
    updated_at: timestamp(comment.updatedAtMs),
    author_association: associationOf(repository, comment.author),
    performed_via_github_app: comment.viaApp && world.app !== null ? appView(world, world.app) : null,
  };
}
