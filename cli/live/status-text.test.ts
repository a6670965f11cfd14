import { describe, expect, test } from "vitest";
import type { Aggregate } from "#fleet/aggregate.ts";
import type { Paint } from "../io.ts";
import { ageText, bar, statusText } from "./status-text.ts";

const plain: Paint = (_style, text) => text;

function counts(matched: number, succeeded: number, failed: number): Aggregate {
  const rest = { pending: matched - succeeded - failed, offline: 0, paused: 0, unverified: 0, last_error: null };
  return { matched, succeeded, failed, ...rest };
}

describe("the bar of a deployment", () => {
  test("is full only when every device runs it", () => {
    expect(bar(counts(1_000, 1_000, 0), plain)).toBe("█".repeat(20));
    expect(bar(counts(1_000, 999, 0), plain)).toBe(`${"█".repeat(19)}░`);
  });

  test("shows a single failure among many", () => {
    expect(bar(counts(1_000, 999, 1), plain)).toBe(`${"█".repeat(19)}▒`);
  });

  test("always has twenty cells", () => {
    for (let succeeded = 0; succeeded <= 7; succeeded += 1) {
      for (let failed = 0; failed + succeeded <= 7; failed += 1) {
        expect(bar(counts(7, succeeded, failed), plain)).toHaveLength(20);
      }
    }
    expect(bar(counts(0, 0, 0), plain)).toHaveLength(20);
  });
});

describe("a fleet that is paused", () => {
  test("is said to be, and not to be in step with its branch", () => {
    const record = { fleet: "shop", branch: "main", head: "a".repeat(40), applied: "a".repeat(40), applying: null };
    const rest = { applied_at: null, refused: null, desired_keys: 1 };
    const status = {
      reconcilerAlive: true,
      devices: { known: 1, offline: 0, paused: 0 },
      deployments: [],
      troubled: null,
    };
    const text = (paused: boolean): string =>
      statusText({ ...status, record: { ...record, ...rest, paused } }, { paint: plain, nowMs: 0 });
    expect(text(false)).toContain("in step with the branch");
    expect(text(true)).not.toContain("in step");
    expect(text(true)).toContain("paused   the whole fleet: nothing is written to devices until fleet.yaml ends it");
  });
});

describe("devices that fail a rule", () => {
  test("are listed with the reason, and counted beyond the first five", () => {
    const record = { fleet: "shop", branch: "main", head: null, applied: null, applying: null, applied_at: null };
    const devices = Array.from({ length: 6 }, (_, n) => ({ device_id: `k-${n}`, reason: "it has no label ring" }));
    const withheld = { total: 7, devices };
    const text = statusText(
      {
        record: { ...record, refused: null, desired_keys: 0, withheld },
        reconcilerAlive: true,
        devices: { known: 7, offline: 0, paused: 0 },
        deployments: [],
        troubled: null,
      },
      { paint: plain, nowMs: 0 },
    );
    expect(text).toContain("withheld  k-0 keeps what it has: it has no label ring\n          k-1 keeps");
    expect(text).toContain("and 2 more");
    expect(text).not.toContain("k-5");
  });
});

describe("an age", () => {
  test("is told in the unit that fits, and never negative", () => {
    expect([-5_000, 119_000, 300_000, 10_800_000, 864_000_000].map(ageText)).toEqual([
      "0 s",
      "119 s",
      "5 min",
      "3 h",
      "10 days",
    ]);
  });
});
