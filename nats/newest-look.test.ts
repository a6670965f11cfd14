import { expect, test } from "vitest";
import { pauseAfter } from "./newest-look.ts";

const least = (tookMs: number): number => pauseAfter(tookMs, () => 0);
const most = (tookMs: number): number => pauseAfter(tookMs, () => 1);

test("who is answered at once asks for more at once", () => {
  expect(most(0)).toBe(0);
  expect(most(250)).toBe(0);
});

test("who waits for a busy server gives it more time the busier it is, and not all the same", () => {
  expect(least(500)).toBeGreaterThan(500);
  expect(least(900)).toBeGreaterThan(least(500));
  expect(most(500)).toBe(2 * least(500));
});

test("nobody waits for longer than sixteen seconds", () => {
  expect(most(90_000)).toBe(16_000);
});
