/** What an answer of GitHub means, or the lack of one: wait, or a person. */
import { errorText } from "#runtime/errors.ts";
import { ForgeError } from "../forge/forge-error.ts";

/** GitHub asks for at least this after a secondary limit that names no time. */
export const SECONDARY_LIMIT_REST_MS = 60_000;

interface ErrorParts {
  readonly status: number | null;
  readonly message: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The failure of a call as a ForgeError. */
export function forgeError(error: unknown, doing: string): ForgeError {
  const { status, message, headers } = partsOf(error);
  const said = `GitHub: cannot ${doing}: ${status === null ? errorText(error) : `${status} ${message}`}`;
  const limitMs = limitRestMs(status, message, headers);
  if (limitMs !== null) return new ForgeError(said, { advice: "wait", retryAfterMs: limitMs, cause: error });
  switch (status) {
    case 401:
      return new ForgeError(said, {
        advice: "wait",
        hint: "Check the token (or the App's key): it may have expired or been revoked.",
        cause: error,
      });
    case 403:
      return new ForgeError(said, {
        advice: "person",
        hint: "docs/connect-the-bot.md lists the permissions.",
        cause: error,
      });
    case 404:
    case 410:
    case 422:
      return new ForgeError(said, { advice: "person", hint: "Does it exist, and may the token see it?", cause: error });
    case null:
      return new ForgeError(said, { advice: "wait", cause: error });
    default:
      return new ForgeError(said, { advice: "wait", retryAfterMs: secondsOf(headers["retry-after"]), cause: error });
  }
}

/** The HTTP status of an error of octokit, null where there was no answer. */
export function statusOfError(error: unknown): number | null {
  return partsOf(error).status;
}

function partsOf(error: unknown): ErrorParts {
  const { status, message, response } = error as {
    status?: unknown;
    message?: unknown;
    response?: { headers?: Record<string, unknown> };
  };
  return {
    // octokit reports a failed connection as 500 without a response.
    status: typeof status === "number" && response !== undefined ? status : null,
    message: typeof message === "string" ? message : "",
    headers: response?.headers ?? {},
  };
}

/** How long a limit asks to be left alone, null where the answer is no limit. */
function limitRestMs(status: number | null, message: string, headers: ErrorParts["headers"]): number | null {
  if (status !== 403 && status !== 429) return null;
  const afterMs = secondsOf(headers["retry-after"]);
  if (afterMs !== null) return afterMs;
  if (headers["x-ratelimit-remaining"] === "0") return untilResetMs(headers);
  if (status === 429 || /rate limit|abuse/i.test(message)) return SECONDARY_LIMIT_REST_MS;
  return null;
}

// By GitHub's own clock: the machine's may differ by minutes.
function untilResetMs(headers: ErrorParts["headers"]): number {
  const resetMs = Number(headers["x-ratelimit-reset"]) * 1_000;
  const nowMs = Date.parse(String(headers["date"]));
  const waitMs = resetMs - (Number.isNaN(nowMs) ? Date.now() : nowMs);
  return Number.isFinite(waitMs) && waitMs > 0 ? waitMs : SECONDARY_LIMIT_REST_MS;
}

function secondsOf(value: unknown): number | null {
  const seconds = Number(value ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
