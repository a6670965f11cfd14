/** Who am I, the App and its installation, and how much is left of the hour. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Actor } from "../actor.ts";
import { ApiError, notFound } from "../api-error.ts";
import { bodyOf, numberParam, type Answer, type Call, type Route } from "../routing.ts";
import { timestamp } from "../timestamp.ts";
import { appView, installationView, publicUserView } from "../views/account-view.ts";
import { repositoryView } from "../views/repository-view.ts";
import type { App, Grant, Permissions } from "../world.ts";

const TOKEN_LIFE_MS = 3_600_000;
const TOKEN_BYTES = 18;

export const accountRoutes: readonly Route[] = [
  { scope: "account", operation: "GET /user", perform: user },
  { scope: "account", operation: "GET /rate_limit", free: true, perform: rateLimit },
  { scope: "account", operation: "GET /app", perform: app },
  { scope: "account", operation: "GET /repos/{owner}/{repo}/installation", perform: installation },
  { scope: "account", operation: "GET /app/installations/{installation_id}", perform: installationById },
  { scope: "account", operation: "POST /app/installations/{installation_id}/access_tokens", perform: accessToken },
  { scope: "account", operation: "GET /installation/repositories", perform: installationRepositories },
];

async function user({ world, actor }: Call): Promise<Answer> {
  if (actor.kind === "anonymous") throw new ApiError(401, "Requires authentication");
  if (actor.kind === "app" || actor.grant.kind === "installation") {
    throw new ApiError(403, "Resource not accessible by integration");
  }
  return { status: 200, body: publicUserView(world, actor.grant.account) };
}

async function rateLimit({ rate }: Call): Promise<Answer> {
  const core = rate();
  const search = { limit: 30, used: 0, remaining: 30, reset: core.reset };
  return { status: 200, body: { resources: { core, search }, rate: core } };
}

async function app({ world, actor }: Call): Promise<Answer> {
  return { status: 200, body: appView(world, appOf(actor)) };
}

async function installation({ world, actor, params }: Call): Promise<Answer> {
  const known = appOf(actor);
  if (!world.repositories.has(`${params["owner"]}/${params["repo"]}`.toLowerCase())) throw notFound();
  return { status: 200, body: installationView(world, known) };
}

async function installationById(call: Call): Promise<Answer> {
  return { status: 200, body: installationView(call.world, installedApp(call)) };
}

const tokenRequest = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});

async function accessToken(call: Call): Promise<Answer> {
  const { world, nowMs } = call;
  const known = installedApp(call);
  const asked = bodyOf(call, tokenRequest);
  const permissions = narrowed(known.permissions, asked.permissions);
  const chosen = [...world.repositories.values()].filter(
    ({ name, id }) => asked.repositories?.includes(name) === true || asked.repository_ids?.includes(id) === true,
  );
  const isNarrow = asked.repositories !== undefined || asked.repository_ids !== undefined;
  if (isNarrow && chosen.length === 0)
    throw new ApiError(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  const grant: Grant = {
    token: `ghs_${randomBytes(TOKEN_BYTES).toString("hex")}`,
    account: known.bot,
    kind: "installation",
    permissions,
    repositories: isNarrow ? new Set(chosen.map(({ fullName }) => fullName.toLowerCase())) : "all",
    expiresAtMs: nowMs + TOKEN_LIFE_MS,
  };
  world.grants.set(grant.token, grant);
  const selection = isNarrow ? "selected" : "all";
  const body = {
    token: grant.token,
    expires_at: timestamp(nowMs + TOKEN_LIFE_MS),
    permissions,
    repository_selection: selection,
  };
  return { status: 201, body };
}

async function installationRepositories({ world, actor }: Call): Promise<Answer> {
  if (actor.kind !== "granted" || actor.grant.kind !== "installation")
    throw new ApiError(403, "Resource not accessible by personal access token");
  const { repositories } = actor.grant;
  const seen = [...world.repositories.values()].filter(
    ({ fullName }) => repositories === "all" || repositories.has(fullName.toLowerCase()),
  );
  const items = seen.map((repository) => repositoryView(world, repository));
  return { status: 200, list: { items, page: (page) => ({ total_count: items.length, repositories: page }) } };
}

function appOf(actor: Actor): App {
  if (actor.kind !== "app") throw new ApiError(401, "A JSON web token could not be decoded");
  return actor.app;
}

function installedApp(call: Call): App {
  const known = appOf(call.actor);
  if (numberParam(call, "installation_id") !== known.installationId) throw notFound();
  return known;
}

/** Never more than the App was given. */
function narrowed(held: Permissions, asked: Record<string, string> | undefined): Permissions {
  if (asked === undefined) return held;
  const granted = Object.entries(asked).map(([name, level]) => {
    const has = Object.entries(held).find(([known]) => known === name)?.[1];
    if (has !== "write" && has !== level)
      throw new ApiError(422, "The permissions requested are not granted to this installation.");
    return [name, level];
  });
  return Object.fromEntries(granted) as Permissions;
}
