import { describe, expect, test } from "vitest";
import { inSlices } from "./in-slices.ts";

function* counting(to: number, seen: number[]): Generator<void, string> {
  for (let number = 1; number <= to; number += 1) {
    seen.push(number);
    yield;
  }
  return "counted";
}

describe("long work in slices", () => {
  test("comes to its end and gives its result", async () => {
    const seen: number[] = [];
    expect(await inSlices(counting(3, seen))).toBe("counted");
    expect(seen).toEqual([1, 2, 3]);
  });

  test("lets others have their turn after each slice", async () => {
    const seen: number[] = [];
    let others = 0;
    const ticking = (): void => {
      others += 1;
      if (seen.length < 5) setImmediate(ticking);
    };
    setImmediate(ticking);
    await inSlices(counting(5, seen), { sliceMs: 0 });
    expect(others).toBeGreaterThanOrEqual(5);
  });

  test("stops between two slices when it is told to", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const work = inSlices(counting(1_000_000_000, seen), { sliceMs: 0, signal: stop.signal });
    stop.abort(new Error("no longer wanted"));
    await expect(work).rejects.toThrow("no longer wanted");
    expect(seen.length).toBeLessThan(1_000);
  });

  test("fails as its work fails", async () => {
    // oxlint-disable-next-line require-yield
    function* failing(): Generator<void, never> {
      throw new Error("out of order");
    }
    await expect(inSlices(failing())).rejects.toThrow("out of order");
  });
});
