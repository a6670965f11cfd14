import { describe, expect, test } from "vitest";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState } from "#schema/wire.ts";
import { SimulatedFleet, type StateWrite } from "./simulated-fleet.ts";

const calm = { delayMs: 1_000, failPercent: 0, seed: 1 };
const device = "sim-0001" as DeviceId;
const web = { device, deployment: "web" as DeploymentName };
const FOREVER_MS = 60_000;

function oneDevice(behaviour = calm): SimulatedFleet {
  return new SimulatedFleet([device], behaviour);
}

/** The number of the pair, once it is wanted so. */
function want(fleet: SimulatedFleet, digest: string | null): number {
  return fleet.want(web, digest) ?? fleet.find(web)!;
}

/** Writes what there is to write at this moment, and says what it was. */
function say(fleet: SimulatedFleet, pair: number, nowMs: number): string | null {
  const { write } = fleet.step(pair, nowMs);
  if (write !== null) fleet.written(write);
  return write === null ? null : textOf(write);
}

function textOf({ kind, phase, digest }: StateWrite): string {
  return [kind, phase, digest].filter((part) => part !== null && part !== "").join(" ");
}

function stateOf(phase: DeploymentState["phase"], digest: string): DeploymentState {
  const rest = { last_event_at: "2026-01-01T00:00:00Z", last_error: null };
  return { device_id: device, deployment: web.deployment, phase, desired_digest: digest, ...rest };
}

describe("a simulated device", () => {
  test("goes from Pending to Running, about the value that is wanted", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    const { againAtMs } = fleet.step(pair, 0);
    expect(againAtMs).toBeGreaterThanOrEqual(500);
    expect(againAtMs).toBeLessThanOrEqual(1_500);
    expect(say(fleet, pair, 0)).toBe("put Pending sha256:a");
    expect(say(fleet, pair, 100)).toBeNull();
    expect(say(fleet, pair, 1_500)).toBe("put Running sha256:a");
    expect(fleet.step(pair, 9_000)).toEqual({ write: null, againAtMs: null });
  });

  test("says the latest where nothing arrived in between", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    expect(fleet.step(pair, 0).write?.phase).toBe("Pending");
    expect(say(fleet, pair, FOREVER_MS)).toBe("put Running sha256:a");
  });

  test("starts again when another value is wanted in between", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    say(fleet, pair, 0);
    want(fleet, "sha256:b");
    expect(say(fleet, pair, 1_500)).toBe("put Pending sha256:b");
    expect(say(fleet, pair, 3_000)).toBe("put Running sha256:b");
  });

  test("takes its state back after a delete marker, and does nothing about a marker for what it never had", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    say(fleet, pair, 0);
    want(fleet, null);
    expect(say(fleet, pair, 5_000)).toBe("delete");
    expect(say(fleet, pair, 5_001)).toBeNull();
    const other = oneDevice();
    expect(say(other, want(other, null), 0)).toBeNull();
  });

  test("says nothing again of what it said before it came, and finds its containers running", () => {
    const fleet = oneDevice();
    fleet.recall(web, stateOf("Running", "sha256:a"));
    const pair = want(fleet, "sha256:a");
    expect(say(fleet, pair, 0)).toBeNull();
    expect(fleet.standing()).toMatchObject({ wanted: 1, settled: 1 });
  });

  test("goes on with what was Pending when it went", () => {
    const fleet = oneDevice();
    fleet.recall(web, stateOf("Pending", "sha256:a"));
    const pair = want(fleet, "sha256:a");
    expect(say(fleet, pair, 0)).toBeNull();
    expect(say(fleet, pair, FOREVER_MS)).toBe("put Running sha256:a");
  });

  test("offers what the bucket may have lost, and puts what is news", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    say(fleet, pair, 0);
    say(fleet, pair, FOREVER_MS);
    expect(fleet.doubt(0)).toEqual([pair]);
    expect(fleet.standing().settled).toBe(0);
    expect(say(fleet, pair, FOREVER_MS)).toBe("offer Running sha256:a");
    expect(say(fleet, pair, FOREVER_MS)).toBeNull();
    expect(fleet.standing().settled).toBe(1);
  });

  test("says all of it again to buckets of an earlier day", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    say(fleet, pair, 0);
    say(fleet, pair, FOREVER_MS);
    expect(fleet.forgetTold(0)).toEqual([pair]);
    expect(say(fleet, pair, FOREVER_MS)).toBe("put Running sha256:a");
  });

  test("counts pairs by what the bucket holds, through every change", () => {
    const fleet = oneDevice();
    const pair = want(fleet, "sha256:a");
    expect(fleet.standing()).toEqual({ wanted: 1, settled: 0, phases: { Pending: 0, Running: 0, Failed: 0 } });
    say(fleet, pair, 0);
    expect(fleet.standing()).toEqual({ wanted: 1, settled: 0, phases: { Pending: 1, Running: 0, Failed: 0 } });
    say(fleet, pair, FOREVER_MS);
    expect(fleet.standing()).toEqual({ wanted: 1, settled: 1, phases: { Pending: 0, Running: 1, Failed: 0 } });
    want(fleet, null);
    say(fleet, pair, FOREVER_MS);
    expect(fleet.standing()).toEqual({ wanted: 0, settled: 0, phases: { Pending: 0, Running: 0, Failed: 0 } });
  });

  test("fails the same pairs with the same seed", () => {
    const devices = Array.from({ length: 200 }, (_, index) => `sim-${index}` as DeviceId);
    const failed = (seed: number): number[] => {
      const fleet = new SimulatedFleet(devices, { delayMs: 0, failPercent: 30, seed });
      return devices.flatMap((one) => {
        const pair = fleet.want({ ...web, device: one }, "sha256:a")!;
        return fleet.step(pair, 0).write?.phase === "Failed" ? [pair] : [];
      });
    };
    expect(failed(7)).toEqual(failed(7));
    expect(failed(7)).not.toEqual(failed(8));
    expect(failed(7).length).toBeGreaterThan(30);
    expect(failed(7).length).toBeLessThan(90);
  });

  test("keeps thousands of pairs apart", () => {
    const devices = Array.from({ length: 50 }, (_, index) => `sim-${index}` as DeviceId);
    const fleet = new SimulatedFleet(devices, calm);
    const names = Array.from({ length: 60 }, (_, index) => `app-${index}` as DeploymentName);
    const all = devices.flatMap((one) => names.map((deployment) => ({ device: one, deployment })));
    const pairs = all.map((name) => fleet.want(name, `sha256:${name.deployment}`)!);
    expect(new Set(pairs).size).toBe(3_000);
    expect(pairs.map((pair) => fleet.nameOf(pair))).toEqual(all);
    expect(pairs.map((pair) => fleet.wantedDigest(pair))).toEqual(all.map((name) => `sha256:${name.deployment}`));
    expect(fleet.pairsOf(49)).toEqual(pairs.slice(-60));
  });
});
