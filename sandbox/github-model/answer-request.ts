/** From a request of the API to its answer: who asks, what is left of their limits, the route, the entity tag. */
import { createHash, randomUUID } from "node:crypto";
import { actorOf, authorize, type Actor } from "./actor.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { Fault } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { secondaryLimit, type RateLimits } from "./rate-limits.ts";
import type { Answer, Call, Match, Model } from "./routing.ts";

/** Who pays without a token: the address. */
const ANONYMOUS = "anonymous 127.0.0.1";

export interface AskedRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly body: unknown;
  readonly match: Match | null;
  readonly fault: Fault | null;
  /** More requests are under way than GitHub allows at once. */
  readonly isCrowded: boolean;
}

/** As it goes over the wire; `body` undefined is none. */
export interface WrittenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Never throws for what a client did: errors are answers. */
export async function answerRequest(model: Model, limits: RateLimits, asked: AskedRequest): Promise<WrittenAnswer> {
  const standard = { "content-type": "application/json; charset=utf-8", "x-github-request-id": randomUUID() };
  let key = ANONYMOUS;
  try {
    const actor = actorOf(model.world, asked.authorization);
    key = payerOf(actor);
    const written = await perform(model, limits, asked, actor, key);
    return { ...written, headers: { ...standard, ...limits.headers(key), ...written.headers } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    limits.spend(key, { write: isWrite(asked.method), content: false, free: error.status === 429 });
    return {
      status: error.status,
      body: error.body,
      headers: { ...standard, ...limits.headers(key), ...error.headers },
    };
  }
}

/** Everything but reading. */
export function isWrite(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

async function perform(
  model: Model,
  limits: RateLimits,
  asked: AskedRequest,
  actor: Actor,
  key: string,
): Promise<WrittenAnswer> {
  const weight = { write: isWrite(asked.method), content: asked.match?.route.createsContent ?? false };
  const free = asked.match?.route.free ?? false;
  if (asked.fault?.kind === "status")
    return { status: asked.fault.status, headers: {}, body: { message: "Server Error" } };
  if (asked.fault?.kind === "secondary-limit") throw secondaryLimit(asked.fault.status, asked.fault.retryAfterSeconds);
  if (!free) limits.check(key, weight);
  if (asked.isCrowded) throw secondaryLimit(403, 1);
  const call = callOf(model, limits, asked, actor, key);
  const written = withEntityTag(asked, writtenOf(await routed(call, asked.match), asked.url));
  limits.spend(key, { ...weight, free: free || written.status === 304 });
  return written;
}

async function routed(call: Call, match: Match | null): Promise<Answer> {
  if (match === null) throw notFound();
  const { route } = match;
  if (route.scope === "account") return route.perform(call);
  const repository = call.world.repositories.get(`${call.params["owner"]}/${call.params["repo"]}`.toLowerCase());
  if (repository === undefined || call.actor.kind === "app") throw notFound();
  authorize(call.actor, repository, route.needs);
  return route.perform({ ...call, repository });
}

function callOf(model: Model, limits: RateLimits, asked: AskedRequest, actor: Actor, key: string): Call {
  return {
    ...model,
    actor,
    params: asked.match?.params ?? {},
    query: asked.url.searchParams,
    body: asked.body,
    nowMs: model.world.nowMs(),
    rate: () => limits.overview(key),
  };
}

function writtenOf(answer: Answer, url: URL): WrittenAnswer {
  if (answer.list === undefined) return { status: answer.status, headers: {}, body: answer.body };
  const { items, link } = pageOf(answer.list.items, url);
  return { status: answer.status, headers: link === null ? {} : { link }, body: answer.list.page(items) };
}

/** GitHub's tags depend on the token too: after a new one, every first answer is complete again. */
function withEntityTag(asked: AskedRequest, written: WrittenAnswer): WrittenAnswer {
  if (isWrite(asked.method) || written.status !== 200) return written;
  const content = JSON.stringify([asked.authorization ?? "", written.headers, written.body]);
  const etag = `W/"${createHash("sha256").update(content).digest("hex")}"`;
  const headers = {
    ...written.headers,
    etag,
    "cache-control": "private, max-age=60, s-maxage=60",
    vary: "Accept, Authorization, Cookie, X-GitHub-OTP",
  };
  const isKnown = (asked.ifNoneMatch ?? "").split(",").some((tag) => bare(tag) === bare(etag));
  return isKnown ? { status: 304, headers, body: undefined } : { ...written, headers };
}

/** Weak comparison. */
function bare(tag: string): string {
  return tag.trim().replace(/^W\//, "");
}

/** Who pays for a request: limits are of accounts and installations, not of single tokens. */
function payerOf(actor: Actor): string {
  if (actor.kind === "anonymous") return ANONYMOUS;
  if (actor.kind === "app") return `app ID ${actor.app.id}`;
  return `${actor.grant.kind} ID ${actor.grant.account.id}`;
}
