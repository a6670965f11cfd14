import { describe, expect, test } from "vitest";
import { forgeError, SECONDARY_LIMIT_REST_MS } from "./github-errors.ts";

const DATE = "Wed, 22 Apr 2026 17:00:00 GMT";
const RESET = String(Date.parse(DATE) / 1_000 + 90);

describe("an answer of GitHub", () => {
  test.each([
    ["a pause that it names", 403, "secondary rate limit", { "retry-after": "7" }, "wait", 7_000],
    [
      "a pause that it does not name",
      403,
      "You have exceeded a secondary rate limit",
      {},
      "wait",
      SECONDARY_LIMIT_REST_MS,
    ],
    ["too many requests", 429, "", {}, "wait", SECONDARY_LIMIT_REST_MS],
    [
      "an hour that is used up, by its own clock",
      403,
      "API rate limit exceeded",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, date: DATE },
      "wait",
      90_000,
    ],
    ["a permission that is missing", 403, "Resource not accessible by integration", {}, "person", null],
    ["a token that does not open it", 401, "Bad credentials", {}, "wait", null],
    ["something that is not there", 404, "Not Found", {}, "person", null],
    ["something it does not take", 422, "Validation Failed", {}, "person", null],
    ["trouble of its own", 502, "Bad Gateway", {}, "wait", null],
    ["maintenance", 503, "", { "retry-after": "120" }, "wait", 120_000],
  ] as const)("about %s", (_, status, message, headers, advice, retryAfterMs) => {
    const error = forgeError({ status, message, response: { headers } }, "do it");
    expect(error).toMatchObject({ advice, retryAfterMs });
    expect(error.message).toContain("GitHub: cannot do it");
  });

  test("that never came is waited out", () => {
    const error = Object.assign(new Error("fetch failed"), { status: 500 });
    expect(forgeError(error, "do it")).toMatchObject({ advice: "wait", message: "GitHub: cannot do it: fetch failed" });
  });
});
