import { describe, expect, test } from "vitest";
import { Throttle } from "./throttle.ts";

describe("throttle", () => {
  test("lets so many a second through, oldest first", () => {
    const throttle = new Throttle<number>(10);
    for (let i = 0; i < 25; i += 1) throttle.add(`key ${i}`, i);
    throttle.take(0);
    expect(throttle.take(500)).toEqual([0, 1, 2, 3, 4]);
    expect(throttle.take(1_500)).toHaveLength(10);
    expect(throttle.take(60_000)).toHaveLength(10);
    expect(throttle.size()).toBe(0);
  });

  test("keeps only the newest message about a key", () => {
    const throttle = new Throttle<string>(null);
    throttle.add("a", "old");
    throttle.add("a", "new");
    expect(throttle.take(0)).toEqual(["new"]);
  });
});
