/** A pull request as GitHub writes it: in a list, by itself, in a webhook. */
import { nodeId, timestamp, timestampOrNull } from "../timestamp.ts";
import { latestStatuses, type Account, type PullRequest, type Repository, type World } from "../world.ts";
import { accountView } from "./account-view.ts";
import { repositoryUrl, repositoryView, repositoryWebUrl } from "./repository-view.ts";

/** How much a pull request changes. */
export interface PullRequestSize {
  readonly commits: number;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
}

/** `pull-request-simple`. */
export function pullRequestListView(world: World, repository: Repository, pull: PullRequest): Record<string, unknown> {
  const links = linksOf(world, repository, pull);
  return {
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    number: pull.number,
    ...links,
    diff_url: `${links.html_url}.diff`,
    patch_url: `${links.html_url}.patch`,
    state: pull.state,
    locked: false,
    active_lock_reason: null,
    title: pull.title,
    body: pull.body,
    user: accountView(world, pull.author),
    labels: [],
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    created_at: timestamp(pull.createdAtMs),
    updated_at: timestamp(pull.updatedAtMs),
    closed_at: timestampOrNull(pull.closedAtMs),
    merged_at: timestampOrNull(pull.mergedAtMs),
    merge_commit_sha: pull.mergeCommitSha,
    draft: false,
    auto_merge: null,
    author_association: associationOf(repository, pull.author),
    head: sideView(world, repository, pull.headRef, pull.headSha),
    base: sideView(world, repository, pull.baseRef, pull.baseSha),
    _links: {
      self: { href: links.url },
      html: { href: links.html_url },
      issue: { href: links.issue_url },
      comments: { href: links.comments_url },
      commits: { href: links.commits_url },
      statuses: { href: links.statuses_url },
      review_comments: { href: links.review_comments_url },
      review_comment: { href: links.review_comment_url },
    },
  };
}

/** `pull-request`. `isPending` writes it as while GitHub still computes whether it can be merged. */
export function pullRequestView(
  world: World,
  repository: Repository,
  pull: PullRequest,
  size: PullRequestSize,
  isPending = false,
): Record<string, unknown> {
  const mergeability = isPending || pull.state === "closed" ? "unknown" : pull.mergeability;
  return {
    ...pullRequestListView(world, repository, pull),
    merged: pull.mergedAtMs !== null,
    merged_by: pull.mergedBy === null ? null : accountView(world, pull.mergedBy),
    mergeable: mergeability === "unknown" ? null : mergeability === "clean",
    mergeable_state: stateOf(repository, pull, mergeability),
    rebaseable: mergeability === "unknown" ? null : mergeability === "clean",
    comments: [...repository.comments.values()].filter(({ pullNumber }) => pullNumber === pull.number).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: size.commits,
    additions: size.additions,
    deletions: size.deletions,
    changed_files: size.changedFiles,
  };
}

/** How the author stands to the repository. */
export function associationOf(repository: Repository, author: Account): string {
  if (author.id === repository.owner.id) return "OWNER";
  return author.type === "Bot" ? "NONE" : "COLLABORATOR";
}

/** Contexts that the base branch asks for and that have not succeeded on the head. */
export function missingContexts(repository: Repository, pull: PullRequest): string[] {
  const states = new Map(latestStatuses(repository, pull.headSha).map(({ context, state }) => [context, state]));
  return (repository.requiredContexts.get(pull.baseRef) ?? []).filter((context) => states.get(context) !== "success");
}

function stateOf(repository: Repository, pull: PullRequest, mergeability: PullRequest["mergeability"]): string {
  if (mergeability === "unknown") return "unknown";
  if (mergeability === "conflicting") return "dirty";
  if (missingContexts(repository, pull).length > 0) return "blocked";
  return latestStatuses(repository, pull.headSha).every(({ state }) => state === "success") ? "clean" : "unstable";
}

function sideView(world: World, repository: Repository, ref: string, sha: string): Record<string, unknown> {
  const { owner } = repository;
  const user = accountView(world, owner);
  return { label: `${owner.login}:${ref}`, ref, sha, user, repo: repositoryView(world, repository) };
}

function linksOf(world: World, repository: Repository, pull: PullRequest): Record<LinkName, string> {
  const api = repositoryUrl(world, repository);
  const url = `${api}/pulls/${pull.number}`;
  return {
    url,
    html_url: `${repositoryWebUrl(world, repository)}/pull/${pull.number}`,
    issue_url: `${api}/issues/${pull.number}`,
    commits_url: `${url}/commits`,
    comments_url: `${api}/issues/${pull.number}/comments`,
    statuses_url: `${api}/statuses/${pull.headSha}`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
  };
}

type LinkName =
  | "url"
  | "html_url"
  | "issue_url"
  | "commits_url"
  | "comments_url"
  | "statuses_url"
  | "review_comments_url"
  | "review_comment_url";
