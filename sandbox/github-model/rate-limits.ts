/** GitHub's limits on how much and how fast, counted for each token. */
import { ApiError } from "./api-error.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** GitHub's published figures; a test may lower them. */
export interface Limits {
  readonly requestsPerHour: number;
  readonly anonymousRequestsPerHour: number;
  /** A read costs 1 point, a write 5. */
  readonly pointsPerMinute: number;
  /** Comments and pull requests. */
  readonly contentPerMinute: number;
  readonly contentPerHour: number;
  readonly concurrentRequests: number;
}

export const GITHUB_LIMITS: Limits = {
  requestsPerHour: 5_000,
  anonymousRequestsPerHour: 60,
  pointsPerMinute: 900,
  contentPerMinute: 80,
  contentPerHour: 500,
  concurrentRequests: 100,
};

interface Account {
  readonly limit: number;
  used: number;
  resetMs: number;
  exhaustedStatus: 403 | 429;
  spent: { readonly atMs: number; readonly points: number; readonly content: boolean }[];
}

export interface RateOverview {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Seconds since 1970. */
  readonly reset: number;
}

export interface RateLimits {
  /** Throws 403 or 429 where the hour is used up or the minute is too busy; nothing is counted then. */
  check(key: string, request: { write: boolean; content: boolean }): void;
  /** Counts what `check` let through. */
  spend(key: string, request: { write: boolean; content: boolean; free: boolean }): void;
  overview(key: string): RateOverview;
  headers(key: string): Record<string, string>;
  exhaust(options: { resetInSeconds: number; status: 403 | 429 }): void;
}

/** `key` names who pays: a token's account, an installation, or an anonymous address. */
export function createRateLimits(limits: Limits, nowMs: () => number): RateLimits {
  const accounts = new Map<string, Account>();
  let exhausted: { untilMs: number; status: 403 | 429 } | null = null;

  function accountOf(key: string): Account {
    const now = nowMs();
    const known = accounts.get(key);
    if (known !== undefined && known.resetMs > now) return known;
    const limit = key.startsWith("anonymous") ? limits.anonymousRequestsPerHour : limits.requestsPerHour;
    const fresh: Account = { limit, used: 0, resetMs: now + HOUR_MS, exhaustedStatus: 403, spent: known?.spent ?? [] };
    if (exhausted !== null && exhausted.untilMs > now) {
      Object.assign(fresh, { used: limit, resetMs: exhausted.untilMs, exhaustedStatus: exhausted.status });
    }
    accounts.set(key, fresh);
    return fresh;
  }

  function overview(key: string): RateOverview {
    const { limit, used, resetMs } = accountOf(key);
    return { limit, used, remaining: Math.max(0, limit - used), reset: Math.ceil(resetMs / 1000) };
  }

  return {
    check(key, request) {
      const account = accountOf(key);
      account.spent = account.spent.filter(({ atMs }) => atMs > nowMs() - HOUR_MS);
      if (account.used >= account.limit) throw primaryLimit(account.exhaustedStatus, key);
      if (isTooBusy(account, request, limits, nowMs())) throw secondaryLimit(403, MINUTE_MS / 1000);
    },
    spend(key, request) {
      const account = accountOf(key);
      if (!request.free) account.used = Math.min(account.limit, account.used + 1);
      account.spent.push({ atMs: nowMs(), points: request.write ? 5 : 1, content: request.content });
    },
    overview,
    headers(key) {
      const { limit, used, remaining, reset } = overview(key);
      return {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": String(remaining),
        "x-ratelimit-reset": String(reset),
        "x-ratelimit-used": String(used),
        "x-ratelimit-resource": "core",
      };
    },
    exhaust({ resetInSeconds, status }) {
      exhausted = { untilMs: nowMs() + resetInSeconds * 1000, status };
      accounts.clear();
    },
  };
}

/** The answer of GitHub's abuse limits. */
export function secondaryLimit(status: 403 | 429, retryAfterSeconds: number | null): ApiError {
  const headers: Record<string, string> =
    retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
  const message =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. " +
    "If you reach out to GitHub Support for help, please include the request ID.";
  return new ApiError(status, message, { headers });
}

function primaryLimit(status: 403 | 429, key: string): ApiError {
  return new ApiError(status, `API rate limit exceeded for ${key}.`);
}

function isTooBusy(
  account: Account,
  request: { write: boolean; content: boolean },
  limits: Limits,
  now: number,
): boolean {
  const lately = account.spent.filter(({ atMs }) => atMs > now - MINUTE_MS);
  const points = lately.reduce((sum, entry) => sum + entry.points, request.write ? 5 : 1);
  if (points > limits.pointsPerMinute) return true;
  if (!request.content) return false;
  const inMinute = lately.filter(({ content }) => content).length;
  const inHour = account.spent.filter(({ content }) => content).length;
  return inMinute >= limits.contentPerMinute || inHour >= limits.contentPerHour;
}
