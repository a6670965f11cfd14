import { describe, expect, test, vi } from "vitest";
import { barText, showProgress } from "./progress.ts";

const half = {
  wanted: 100,
  settled: 50,
  phases: { Pending: 50, Running: 45, Failed: 5 },
  connections: 2,
  connected: 1,
};
const plain = (_style: string, text: string): string => text;

describe("the progress of a simulation", () => {
  test("is a bar as long as what is settled, and counts", () => {
    const text = "50 of 100 settled, 5 failed, 1 of 2 connected";
    expect(barText(half, { columns: () => 120, paint: plain })).toBe(`${"█".repeat(15)}${"░".repeat(15)} ${text}`);
  });

  test("never runs over the edge of a terminal", () => {
    for (const columns of [1, 10, 48, 50, 60, 200]) {
      expect(barText(half, { columns: () => columns, paint: plain }).length).toBeLessThan(Math.max(columns, 1));
    }
  });

  test("is a line now and then where stderr is no terminal, and none where nothing changed", () => {
    vi.useFakeTimers();
    try {
      let printed = "";
      const screen = { err: (text: string) => (printed += text), isTerminal: false, columns: () => 80, paint: plain };
      const stop = showProgress(screen, () => half);
      vi.advanceTimersByTime(60_000);
      stop();
      vi.advanceTimersByTime(60_000);
      expect(printed).toBe("50 of 100 settled, 5 failed, 1 of 2 connected\n");
    } finally {
      vi.useRealTimers();
    }
  });
});
