import { describe, expect, test } from "vitest";
import { Incidents } from "./incidents.ts";

const plan = { kind: "restart", perMinute: 60, among: 1_000, seed: 1 };
const HOUR_MS = 3_600_000;

/** Who is struck in each of so many seconds. */
function bySecond(incidents: Incidents, seconds: number): number[][] {
  return Array.from({ length: seconds + 1 }, (_, second) => incidents.due(second * 1_000));
}

describe("incidents", () => {
  test("strike about so many a minute, at irregular moments", () => {
    const struck = bySecond(new Incidents(plan), 600);
    const count = struck.flat().length;
    expect(count).toBeGreaterThan(500);
    expect(count).toBeLessThan(700);
    expect(new Set(struck.map((those) => those.length)).size).toBeGreaterThan(2);
  });

  test("strike the same in the same moments with the same seed, and others with another or of another kind", () => {
    const all = (changed: Partial<typeof plan>): number[][] => bySecond(new Incidents({ ...plan, ...changed }), 60);
    expect(all({})).toEqual(all({}));
    expect(all({ seed: 2 })).not.toEqual(all({}));
    expect(all({ kind: "disconnect" })).not.toEqual(all({}));
  });

  test("strike nobody where none are wanted", () => {
    const incidents = new Incidents({ ...plan, perMinute: 0 });
    incidents.due(0);
    expect(incidents.due(HOUR_MS)).toEqual([]);
  });

  test("strike nobody twice after a long sleep", () => {
    const incidents = new Incidents({ ...plan, among: 3 });
    incidents.due(0);
    expect(incidents.due(HOUR_MS).toSorted()).toEqual([0, 1, 2]);
  });
});
