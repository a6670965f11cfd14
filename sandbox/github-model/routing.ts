/** What a handler is given and gives back, and how a path finds its handler. */
import type { z } from "zod";
import type { Actor, Need } from "./actor.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { Background } from "./background.ts";
import type { FaultBook } from "./faults.ts";
import type { RateOverview } from "./rate-limits.ts";
import type { Webhooks } from "./webhooks.ts";
import type { Account, Repository, World } from "./world.ts";

/** What every part of the model works with. */
export interface Model {
  readonly world: World;
  readonly faults: FaultBook;
  readonly webhooks: Webhooks;
  readonly background: Background;
}

export interface Call extends Model {
  readonly actor: Actor;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly nowMs: number;
  readonly rate: () => RateOverview;
}

/** A call under `/repos/{owner}/{repo}` by somebody who may make it. */
export interface RepositoryCall extends Call {
  readonly repository: Repository;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** The whole list, of which the server writes one page and the links to the others. */
  readonly list?: { readonly items: readonly unknown[]; readonly page: (items: readonly unknown[]) => unknown };
}

interface RouteCommon {
  /** In the words of GitHub's OpenAPI description: `GET /repos/{owner}/{repo}`. */
  readonly operation: `${"GET" | "POST" | "PATCH" | "PUT" | "DELETE"} /${string}`;
  /** Creates what people are notified of: has a limit of its own. */
  readonly createsContent?: boolean;
  /** Costs no rate limit. */
  readonly free?: boolean;
}

export type Route =
  | (RouteCommon & {
      readonly scope: "repository";
      readonly needs: Need;
      perform(call: RepositoryCall): Promise<Answer>;
    })
  | (RouteCommon & { readonly scope: "account"; perform(call: Call): Promise<Answer> });

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Parameters that may hold slashes, written or escaped. */
const GREEDY = new Set(["ref", "branch", "basehead"]);

/** Finds the first route, in the given order, for a method and a path without query. */
export function createMatcher(routes: readonly Route[]): (method: string, path: string) => Match | null {
  const patterns = routes.map((route) => ({ route, ...patternOf(route.operation) }));
  return (method, path) => {
    for (const { route, verb, pattern } of patterns) {
      const found = verb === method ? pattern.exec(path) : null;
      if (found !== null) return { route, params: decoded(found.groups ?? {}) };
    }
    return null;
  };
}

/** The path's number, 404 where it is none. */
export function numberParam(call: Call, name: string): number {
  const text = call.params[name] ?? "";
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** The request's body as the handler expects it; GitHub's 422 where it is not so. */
export function bodyOf<T>(call: Call, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(call.body ?? {});
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues.map((issue) => `"${issue.path.join(".")}": ${issue.message}`).join("\n");
  throw new ApiError(422, `Invalid request.\n\n${what}`);
}

/** Who writes. Only for routes that need a token. */
export function writerOf(call: Call): Account {
  if (call.actor.kind === "granted") return call.actor.grant.account;
  throw notFound();
}

/** A plain list, in pages. */
export function listOf(items: readonly unknown[]): Answer {
  return { status: 200, list: { items, page: (page) => page } };
}

function patternOf(operation: string): { verb: string; pattern: RegExp } {
  const [verb = "", template = ""] = operation.split(" ");
  const source = template.replaceAll(
    /\{(\w+)\}/g,
    (_all, name: string) => `(?<${name}>${GREEDY.has(name) ? ".+" : "[^/]+"})`,
  );
  return { verb, pattern: new RegExp(`^${source}$`) };
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new ApiError(400, "Bad Request");
  }
}
