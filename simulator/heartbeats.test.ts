import { describe, expect, test } from "vitest";
import { HeartbeatTurns } from "./heartbeats.ts";

describe("turns of heartbeats", () => {
  test("give each device one in each interval, spread evenly", () => {
    const turns = new HeartbeatTurns({ devices: 3, everyMs: 30_000 });
    const sent: [number, number][] = [];
    for (let ms = 0; ms < 60_000; ms += 1_000) for (const device of turns.due(ms)) sent.push([ms, device]);
    expect(sent).toEqual([
      [0, 0],
      [10_000, 1],
      [20_000, 2],
      [30_000, 0],
      [40_000, 1],
      [50_000, 2],
    ]);
  });

  test("send each device at most one after a long sleep", () => {
    const turns = new HeartbeatTurns({ devices: 4, everyMs: 1_000 });
    turns.due(0);
    expect(turns.due(3_600_000).toSorted()).toEqual([0, 1, 2, 3]);
    expect(turns.due(3_600_001)).toEqual([]);
  });
});
