/** Commit statuses: set, listed, and all of a commit's taken together. */
import { z } from "zod";
import { ApiError, invalid } from "../api-error.ts";
import { bodyOf, writerOf, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { nodeId, timestamp } from "../timestamp.ts";
import { accountView } from "../views/account-view.ts";
import { minimalRepositoryView, repositoryUrl } from "../views/repository-view.ts";
import { latestStatuses, type CommitStatus, type StatusState } from "../world.ts";
import { resolvedCommit } from "./commit-routes.ts";

const LONGEST_DESCRIPTION = 140;
const LONGEST_CONTEXT = 255;
/** Of one sha and context. */
const MOST_STATUSES = 1_000;

const reads = { anyOf: ["statuses"], level: "read" } as const;
const writes = { anyOf: ["statuses"], level: "write" } as const;

export const statusRoutes: readonly Route[] = [
  { scope: "repository", operation: "POST /repos/{owner}/{repo}/statuses/{sha}", needs: writes, perform: create },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/commits/{ref}/status", needs: reads, perform: combined },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/commits/{ref}/statuses", needs: reads, perform: list },
];

const statusRequest = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  target_url: z.string().nullish(),
  description: z.string().nullish(),
  context: z.string().default("default"),
});

async function create(call: RepositoryCall): Promise<Answer> {
  const { world, repository, nowMs } = call;
  const asked = bodyOf(call, statusRequest);
  const sha = call.params["sha"] ?? "";
  const isFull = /^[0-9a-f]{40}$/.test(sha) && (await repository.git.resolve(sha)) === sha;
  if (!isFull) throw new ApiError(422, `No commit found for SHA: ${sha}`);
  checkTexts(asked);
  const earlier = repository.statuses.get(sha) ?? [];
  if (earlier.filter(({ context }) => context === asked.context).length >= MOST_STATUSES) {
    const message = "This SHA and context has reached the maximum number of statuses.";
    throw new ApiError(422, "Validation Failed", { errors: [{ resource: "Status", code: "custom", message }] });
  }
  const status: CommitStatus = {
    id: world.nextId(),
    sha,
    state: asked.state,
    context: asked.context,
    description: asked.description ?? null,
    targetUrl: asked.target_url ?? null,
    creator: writerOf(call),
    createdAtMs: nowMs,
  };
  repository.statuses.set(sha, [...earlier, status]);
  return { status: 201, body: view(call, status) };
}

function checkTexts({ description, context, target_url: target }: z.infer<typeof statusRequest>): void {
  if (Array.from(description ?? "").length > LONGEST_DESCRIPTION) {
    throw invalid(
      "Status",
      "description",
      "custom",
      `description is too long (maximum is ${LONGEST_DESCRIPTION} characters)`,
    );
  }
  if (context === "" || context.length > LONGEST_CONTEXT) throw invalid("Status", "context", "invalid");
  if (target !== null && target !== undefined && target !== "" && !/^https?:\/\//.test(target)) {
    throw invalid("Status", "target_url", "custom", "target_url must use http(s) scheme");
  }
}

async function list(call: RepositoryCall): Promise<Answer> {
  const sha = await resolvedCommit(call.repository, call.params["ref"] ?? "");
  const newestFirst = (call.repository.statuses.get(sha) ?? []).toReversed();
  const items = newestFirst.map((status) => view(call, status));
  return { status: 200, list: { items, page: (page) => page } };
}

async function combined(call: RepositoryCall): Promise<Answer> {
  const { world, repository } = call;
  const sha = await resolvedCommit(repository, call.params["ref"] ?? "");
  const latest = latestStatuses(repository, sha);
  const url = `${repositoryUrl(world, repository)}/commits/${sha}`;
  const body = {
    state: together(latest.map(({ state }) => state)),
    sha,
    total_count: latest.length,
    repository: minimalRepositoryView(world, repository),
    commit_url: url,
    url: `${url}/status`,
  };
  const items = latest.map((status) => {
    const { creator: _creator, ...simple } = view(call, status);
    return simple;
  });
  return { status: 200, list: { items, page: (statuses) => ({ ...body, statuses }) } };
}

function together(states: readonly StatusState[]): "failure" | "pending" | "success" {
  if (states.some((state) => state === "failure" || state === "error")) return "failure";
  return states.length > 0 && states.every((state) => state === "success") ? "success" : "pending";
}

function view({ world, repository }: RepositoryCall, status: CommitStatus): Record<string, unknown> {
  const creator = accountView(world, status.creator);
  return {
    url: `${repositoryUrl(world, repository)}/statuses/${status.sha}`,
    avatar_url: creator["avatar_url"],
    id: status.id,
    node_id: nodeId("Status", status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: timestamp(status.createdAtMs),
    updated_at: timestamp(status.createdAtMs),
    creator,
  };
}
