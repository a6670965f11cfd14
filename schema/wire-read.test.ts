import { describe, expect, test } from "vitest";
import { readDeploymentState, readDeviceInfo, readHeartbeat, readReconcilerRecord } from "./wire-read.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const AT = "2026-04-22T17:42:42Z";
const STATE = { device_id: "kiosk-0001", deployment: "web", phase: "Running", last_event_at: AT, last_error: null };
const INFO = { device_id: "kiosk-0001", labels: { role: "kiosk" }, updated_at: AT };

describe("a payload", () => {
  test("is read where it agrees with its key", () => {
    expect(readDeploymentState("state.kiosk-0001.web", bytes(STATE))).toMatchObject({
      kind: "read",
      value: { pair: { device: "kiosk-0001", deployment: "web" } },
    });
    expect(readDeviceInfo("info.kiosk-0001", bytes(INFO))).toMatchObject({ kind: "read", value: INFO });
    expect(readHeartbeat("heartbeat.kiosk-0001", bytes({ device_id: "kiosk-0001", at: AT }))).toMatchObject({
      kind: "read",
    });
  });

  test.each<[string, ReturnType<typeof readDeviceInfo> | ReturnType<typeof readDeploymentState>, string]>([
    ["another device", readDeviceInfo("info.kiosk-0002", bytes(INFO)), "names-another"],
    ["another deployment", readDeploymentState("state.kiosk-0001.api", bytes(STATE)), "names-another"],
    ["a key of another form", readDeviceInfo("kiosk-0001", bytes(INFO)), "foreign-key"],
    ["no JSON", readDeviceInfo("info.kiosk-0001", new TextEncoder().encode("{")), "malformed"],
    ["no UTF-8", readDeviceInfo("info.kiosk-0001", Uint8Array.of(0xff)), "malformed"],
    [
      "a phase that nobody knows",
      readDeploymentState("state.kiosk-0001.web", bytes({ ...STATE, phase: "Sleeping" })),
      "malformed",
    ],
    [
      "more than 64 labels",
      readDeviceInfo(
        "info.kiosk-0001",
        bytes({ ...INFO, labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ""])) }),
      ),
      "malformed",
    ],
    [
      "more than 16 KiB",
      readDeploymentState("state.kiosk-0001.web", bytes({ ...STATE, last_error: "x".repeat(17_000) })),
      "oversized",
    ],
  ])("is dropped with its reason: %s", (_what, reading, reason) => {
    expect(reading).toEqual({ kind: "dropped", reason });
  });

  test("may hold fields that this version does not know, fractions and offsets", () => {
    const reading = readDeploymentState(
      "state.kiosk-0001.web",
      bytes({ ...STATE, last_event_at: "2026-04-22T19:42:42.5+02:00", later: 1 }),
    );
    expect(reading.kind).toBe("read");
  });

  test("has its error in one line of at most 1,024 bytes", () => {
    const reading = readDeploymentState(
      "state.kiosk-0001.web",
      bytes({ ...STATE, phase: "Failed", last_error: `a\nb\u001b[31m${"ß".repeat(900)}` }),
    );
    if (reading.kind !== "read") throw new Error(reading.reason);
    const { last_error: error } = reading.value.state;
    expect(error?.startsWith("a b [31mß")).toBe(true);
    expect(new TextEncoder().encode(error ?? "").length).toBeLessThanOrEqual(1_024);
    expect(error).not.toContain("\ufffd");
  });

  test("of a reconciler that cannot be read is no record", () => {
    expect(readReconcilerRecord(bytes({ fleet: 1 }))).toBeNull();
  });
});
