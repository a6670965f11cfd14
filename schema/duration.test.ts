import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { durationText, parseDurationMs } from "./duration.ts";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ])("%s is %i milliseconds", (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  test.each(["", "10", "s", "10 s", "-1s", "1h30m", "1e3s", "10S", ".5s", "1.5ms", "99999999d", " 1s"])(
    "%j is none",
    (text) => {
      expect(parseDurationMs(text)).toBeNull();
    },
  );

  test("are written as the shortest text that reads back the same", () => {
    expect([90_000, 3_600_000, 500, 0, 60_000].map(durationText)).toEqual(["90s", "1h", "500ms", "0ms", "1m"]);
    assert(
      property(integer({ min: 0, max: 1e9 }), (durationMs) => parseDurationMs(durationText(durationMs)) === durationMs),
    );
  });
});
