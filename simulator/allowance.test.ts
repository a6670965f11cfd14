import { describe, expect, test } from "vitest";
import { Allowance } from "./allowance.ts";

/** How many of a hundred may be sent at this moment. */
function taken(allowance: Allowance, nowMs: number): number {
  return Array.from({ length: 100 }, () => allowance.take(nowMs)).filter(Boolean).length;
}

describe("an allowance", () => {
  test("grows with the time, and saves up one second at most", () => {
    const allowance = new Allowance(10);
    expect(taken(allowance, 0)).toBe(0);
    expect(taken(allowance, 500)).toBe(5);
    expect(taken(allowance, 60_000)).toBe(10);
  });

  test("of less than one a second lets one through in the end", () => {
    const allowance = new Allowance(0.1);
    expect(taken(allowance, 0)).toBe(0);
    expect(taken(allowance, 9_000)).toBe(0);
    expect(taken(allowance, 10_001)).toBe(1);
  });

  test("without a bound lets everything through", () => {
    expect(taken(new Allowance(null), 0)).toBe(100);
  });
});
