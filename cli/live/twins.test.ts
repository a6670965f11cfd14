import { describe, expect, test } from "vitest";
import type { FeedChange } from "#nats/feed.ts";
import { TwinWatch } from "./twins.ts";

function heartbeats(seconds: readonly number[]): TwinWatch {
  const watch = new TwinWatch();
  for (const at of seconds) watch.apply("device-heartbeat", put("heartbeat.kiosk-0001", "{}", at * 1_000));
  return watch;
}

function put(key: string, text: string, atMs = 0): FeedChange {
  return { kind: "put", key, value: new TextEncoder().encode(text), revision: 1, atMs, headers: () => undefined };
}

function info(hostname: string): FeedChange {
  const value = { device_id: "kiosk-0001", labels: {}, inventory: { hostname }, updated_at: "2026-01-01T00:00:00Z" };
  return put("info.kiosk-0001", JSON.stringify(value));
}

describe("two agents with one id", () => {
  test("are told by heartbeats that come twice as fast", () => {
    expect([...heartbeats([0, 11, 30, 41, 60]).judge().keys()]).toEqual(["kiosk-0001"]);
    expect([...heartbeats([0, 1, 30, 31, 60]).judge().keys()]).toEqual(["kiosk-0001"]);
  });

  test("are not seen in one agent, whether it runs on, restarts or was away", () => {
    for (const times of [
      [0, 30, 60, 90, 120],
      [0, 30, 35, 65, 95],
      [0, 1, 31, 61, 91],
      [0, 300, 330, 360, 390],
    ]) {
      expect(heartbeats(times).judge().size).toBe(0);
    }
  });

  test("are told by machines that take turns in saying what the device is", () => {
    const watch = new TwinWatch();
    for (const host of ["k1", "k2", "k1"]) watch.apply("device-info", info(host));
    expect(watch.judge().get("kiosk-0001" as never)).toBe("two machines say that they are it: k1 and k2");
  });

  test("are not a device that moved to another machine once", () => {
    const watch = new TwinWatch();
    for (const host of ["k1", "k1", "k2", "k2"]) watch.apply("device-info", info(host));
    expect(watch.judge().size).toBe(0);
  });
});
