import { describe, expect, test } from "vitest";
import { ReportTimes } from "./report-times.ts";

describe("times from a commit to its states", () => {
  test("are counted to the first and to the last state of each value", () => {
    const times = new ReportTimes();
    for (let pair = 1; pair <= 100; pair += 1) {
      times.wanted(pair, "abc", 1_000);
      times.stored(pair, 1_000 + pair, false);
      times.stored(pair, 2_000 + pair, true);
      times.stored(pair, 9_000, true);
    }
    const [only, ...others] = times.commits();
    expect(others).toEqual([]);
    expect(only).toMatchObject({ commit: "abc", values: 100 });
    expect(only?.reported).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
    expect(only?.settled).toMatchObject({ count: 100, p50: 1_050 });
  });

  test("are kept apart by commit, and a value that was replaced has no end", () => {
    const times = new ReportTimes();
    times.wanted(1, "old", 0);
    times.stored(1, 10, false);
    times.wanted(1, "new", 20);
    times.stored(1, 25, true);
    expect(times.commits().map(({ commit, reported, settled }) => [commit, reported.count, settled.count])).toEqual([
      ["old", 1, 0],
      ["new", 1, 1],
    ]);
  });

  test("leave out what nobody waits for, and commits that are long over", () => {
    const times = new ReportTimes();
    times.wanted(1, "gone", 0);
    times.untimed(1);
    times.stored(1, 10, true);
    expect(times.commits()[0]?.settled.count).toBe(0);
    for (let commit = 0; commit < 150; commit += 1) times.wanted(commit, `commit ${commit}`, 0);
    expect(times.commits()).toHaveLength(100);
    expect(times.commits().at(-1)?.commit).toBe("commit 149");
  });
});
