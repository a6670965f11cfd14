/** Who makes a request, from its Authorization header, and what they may do. */
import { ApiError, notFound } from "./api-error.ts";
import { checkJsonWebToken, isJsonWebToken } from "./json-web-token.ts";
import type { App, Grant, Level, PermissionName, Repository, World } from "./world.ts";

export type Actor =
  | { readonly kind: "anonymous" }
  | { readonly kind: "app"; readonly app: App }
  | { readonly kind: "granted"; readonly grant: Grant };

/** What a request needs, such as `statuses: write`; any one of several. */
export interface Need {
  readonly anyOf: readonly PermissionName[];
  readonly level: Level;
}

/** Throws 401 for a token that is unknown, expired or forged. */
export function actorOf(world: World, authorization: string | undefined): Actor {
  if (authorization === undefined || authorization === "") return { kind: "anonymous" };
  const token = tokenOf(authorization);
  if (token !== null && isJsonWebToken(token) && world.app !== null) {
    checkJsonWebToken(token, world.app, world.nowMs());
    return { kind: "app", app: world.app };
  }
  const grant = token === null ? undefined : world.grants.get(token);
  const isLive = grant !== undefined && (grant.expiresAtMs === null || grant.expiresAtMs > world.nowMs());
  if (!isLive) throw new ApiError(401, "Bad credentials");
  return { kind: "granted", grant };
}

/** Throws 404 where the actor may not even know of the repository, 403 where they may look and not touch. */
export function authorize(actor: Actor, repository: Repository, need: Need): void {
  if (actor.kind !== "granted") {
    if (repository.isPrivate || need.level === "write") throw notFound();
    return;
  }
  const { grant } = actor;
  const sees = grant.repositories === "all" || grant.repositories.has(repository.fullName.toLowerCase());
  if (!sees && repository.isPrivate) throw notFound();
  if (sees && need.anyOf.some((name) => allows(grant, name, need.level))) return;
  if (!repository.isPrivate && need.level === "read") return;
  throw notAccessible(grant, need);
}

/** Whether the token holds the permission; write includes read, and everyone granted anything may read metadata. */
export function allows(grant: Grant, name: PermissionName, level: Level): boolean {
  const held = grant.permissions[name];
  if (name === "metadata" && level === "read") return true;
  return held === "write" || (held === "read" && level === "read");
}

function notAccessible(grant: Grant, need: Need): ApiError {
  if (need.anyOf.includes("checks") && need.level === "write" && grant.kind === "user") {
    return new ApiError(403, "You must authenticate via a GitHub App.");
  }
  const by = grant.kind === "installation" ? "integration" : "personal access token";
  const accepted = need.anyOf.map((name) => `${name}=${need.level}`).join("; ");
  return new ApiError(403, `Resource not accessible by ${by}`, {
    headers: { "x-accepted-github-permissions": accepted },
  });
}

/** `token T`, `Bearer T`, or basic with the token as password (as git sends it) or as user name. */
function tokenOf(authorization: string): string | null {
  const [scheme = "", value = ""] = authorization.split(/\s+/, 2);
  switch (scheme.toLowerCase()) {
    case "token":
    case "bearer":
      return value;
    case "basic": {
      const text = Buffer.from(value, "base64").toString("utf8");
      const colon = text.indexOf(":");
      const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
      return password === "" || password === "x-oauth-basic" ? user : password;
    }
    default:
      return null;
  }
}
