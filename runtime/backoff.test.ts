import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const almostOne = (): number => 0.999_999;

describe("backoff", () => {
  test("doubles its bound with each attempt, up to the maximum", () => {
    const waits = [0, 1, 2, 3, 4, 5].map((attempt) => backoffMs({ attempt, baseMs: 100, maxMs: 1_000 }, almostOne));
    expect(waits).toEqual([99, 199, 399, 799, 999, 999]);
  });

  test("is never negative and never above the maximum, whatever the attempt", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
        const wait = backoffMs({ attempt, baseMs: 250, maxMs: 30_000 }, () => chance);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThan(30_000);
      }),
    );
  });

  test("spreads a fleet over the whole interval", () => {
    expect(backoffMs({ attempt: 3, baseMs: 100, maxMs: 10_000 }, () => 0)).toBe(0);
    expect(backoffMs({ attempt: 3, baseMs: 100, maxMs: 10_000 }, () => 0.5)).toBe(400);
  });
});
