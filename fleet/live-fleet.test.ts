import { describe, expect, test } from "vitest";
import type { BucketName } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { LiveFleet } from "./live-fleet.ts";

const MINUTE = 60_000;
const web = "web" as DeploymentName;
const k1 = "k-1" as DeviceId;
const HEARTBEAT = { device_id: "k-1", at: "2026-01-01T00:00:00Z" };

function put(fleet: LiveFleet, bucket: BucketName, key: string, value: unknown, atMs = 0): void {
  const bytes = new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  fleet.apply(bucket, { kind: "put", key, value: bytes, atMs, headers: () => undefined });
}

function gone(fleet: LiveFleet, bucket: BucketName, key: string, kind: "delete" | "absent" = "delete"): void {
  fleet.apply(bucket, { kind, key });
}

function state(device: string, phase: string): object {
  return { device_id: device, deployment: "web", phase, last_event_at: "2026-01-01T00:00:00Z", last_error: null };
}

function oneDevice(): LiveFleet {
  const fleet = new LiveFleet();
  put(fleet, "desired-state", "k-1.web", {});
  put(fleet, "device-state", "state.k-1.web", state("k-1", "Running"));
  put(fleet, "device-heartbeat", "heartbeat.k-1", HEARTBEAT, 10 * MINUTE);
  return fleet;
}

describe("the live picture of a fleet", () => {
  test("is the same whatever the order in which buckets arrive", () => {
    const other = new LiveFleet();
    put(other, "device-state", "state.k-1.web", state("k-1", "Running"));
    put(other, "device-heartbeat", "heartbeat.k-1", HEARTBEAT, 10 * MINUTE);
    put(other, "desired-state", "k-1.web", {});
    expect(other.aggregate(web)).toEqual(oneDevice().aggregate(web));
    expect(other.aggregate(web)).toMatchObject({ matched: 1, succeeded: 1 });
  });

  test("calls a device offline by the server's time of its heartbeat, and after the fleet's own period", () => {
    const fleet = oneDevice();
    fleet.judgeOffline(11 * MINUTE, { keep: false });
    expect(fleet.device(k1)?.offline).toBe(false);
    fleet.judgeOffline(12 * MINUTE, { keep: false });
    expect(fleet.device(k1)?.offline).toBe(true);
    expect(fleet.aggregate(web)).toMatchObject({ matched: 1, succeeded: 1, offline: 1 });
    const record = { fleet: "f", branch: "main", head: null, applied: null, applying: null, applied_at: null };
    put(fleet, "fleet", "reconciler", { ...record, refused: null, desired_keys: 1, offline_after_seconds: 600 });
    fleet.judgeOffline(12 * MINUTE, { keep: false });
    expect(fleet.device(k1)?.offline).toBe(false);
  });

  test("calls nobody offline while that must be kept, but lets devices come back", () => {
    const fleet = oneDevice();
    fleet.judgeOffline(60 * MINUTE, { keep: true });
    expect(fleet.device(k1)?.offline).toBe(false);
    fleet.judgeOffline(60 * MINUTE, { keep: false });
    put(fleet, "device-heartbeat", "heartbeat.k-1", HEARTBEAT, 60 * MINUTE);
    fleet.judgeOffline(60 * MINUTE, { keep: true });
    expect(fleet.device(k1)?.offline).toBe(false);
  });

  test("drops payloads that name another device than their key, that are malformed or too large, and counts them", () => {
    const fleet = oneDevice();
    put(fleet, "device-state", "state.k-1.web", state("k-2", "Failed"));
    put(fleet, "device-info", "info.k-1", "{");
    put(fleet, "device-info", "info.k-3", "x".repeat(20_000));
    expect(fleet.dropped).toBe(3);
    expect(fleet.aggregate(web)).toMatchObject({ matched: 1, pending: 1 });
    expect([...fleet.devices()].map(({ id }) => id)).toEqual([k1]);
  });

  test("forgets a device that left nothing behind", () => {
    const fleet = oneDevice();
    gone(fleet, "desired-state", "k-1.web");
    gone(fleet, "device-state", "state.k-1.web", "absent");
    gone(fleet, "device-heartbeat", "heartbeat.k-1");
    expect(fleet.deviceCount).toBe(0);
    expect(fleet.deployments()).toEqual([]);
  });

  test("leaves paused devices out of what is matched, whether the record or the device came first", () => {
    const record = {
      fleet: "f",
      branch: "main",
      head: null,
      applied: null,
      applying: null,
      applied_at: null,
      refused: null,
      desired_keys: 1,
      paused_devices: ["k-1"],
    };
    const after = oneDevice();
    put(after, "fleet", "reconciler", record);
    const before = new LiveFleet();
    put(before, "fleet", "reconciler", record);
    put(before, "desired-state", "k-1.web", {});
    for (const fleet of [after, before]) {
      expect(fleet.aggregate(web)).toMatchObject({ matched: 0, paused: 1 });
    }
    put(after, "fleet", "reconciler", { ...record, paused_devices: [] });
    expect(after.aggregate(web)).toMatchObject({ matched: 1, paused: 0 });
  });
});
