import { describe, expect, test } from "vitest";
import { coarseMs, manualClock, sleep, systemClock } from "./clock.ts";

describe("manual clock", () => {
  test("runs timers in the order they fall due, each at its own moment", () => {
    const clock = manualClock(1_000);
    const seen: [string, number][] = [];
    clock.after(20, () => seen.push(["second", clock.nowMs()]));
    clock.after(10, () => {
      seen.push(["first", clock.nowMs()]);
      clock.after(5, () => seen.push(["set on the way", clock.nowMs()]));
    });
    clock.advance(30);
    expect(seen).toEqual([
      ["first", 1_010],
      ["set on the way", 1_015],
      ["second", 1_020],
    ]);
    expect(clock.nowMs()).toBe(1_030);
  });

  test("forgets a timer that was cancelled", () => {
    const clock = manualClock();
    let ran = false;
    const cancel = clock.after(10, () => (ran = true));
    cancel();
    clock.advance(100);
    expect(ran).toBe(false);
  });
});

describe("sleep", () => {
  test("ends when its time has come", async () => {
    const clock = manualClock();
    const sleeping = sleep(50, undefined, clock);
    clock.advance(50);
    await expect(sleeping).resolves.toBeUndefined();
  });

  test("ends at once when the signal aborts, and leaves no timer behind", async () => {
    const stop = new AbortController();
    const sleeping = sleep(3_600_000, stop.signal, systemClock);
    stop.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(sleep(3_600_000, stop.signal)).resolves.toBeUndefined();
  });
});

test("a coarse length is no shorter, a little longer at most, and one of few", () => {
  const lengths = Array.from({ length: 10_000 }, (_, index) => index / 10);
  for (const ms of lengths) {
    expect(coarseMs(ms)).toBeGreaterThanOrEqual(ms);
    expect(coarseMs(ms)).toBeLessThan(ms + 51);
  }
  expect(new Set(lengths.map((ms) => coarseMs(ms))).size).toBeLessThan(25);
});
