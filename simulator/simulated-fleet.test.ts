import { describe, expect, test } from "vitest";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { SimulatedFleet, type Behaviour } from "./simulated-fleet.ts";

const pair = { device: "sim-0001" as DeviceId, deployment: "web" as DeploymentName };
const calm: Behaviour = { delayMs: 1_000, failPercent: 0, seed: 1 };

function end(fleet: SimulatedFleet, nowMs: number): string | null | undefined {
  const { againInMs } = fleet.step(pair, nowMs);
  return fleet.step(pair, nowMs + (againInMs ?? 0)).report?.phase;
}

describe("a simulated device", () => {
  test("goes from Pending to Running, about the value that is wanted", () => {
    const fleet = new SimulatedFleet(calm);
    fleet.want(pair, "sha256:a");
    const first = fleet.step(pair, 0);
    expect(first.report).toMatchObject({ key: "state.sim-0001.web", phase: "Pending", digest: "sha256:a" });
    expect(first.againInMs).toBeGreaterThanOrEqual(500);
    expect(first.againInMs).toBeLessThanOrEqual(1_500);
    expect(fleet.step(pair, 100).report).toBeNull();
    expect(fleet.step(pair, 1_500).report).toMatchObject({ phase: "Running", digest: "sha256:a" });
    expect(fleet.step(pair, 9_000)).toEqual({ report: null, againInMs: null });
  });

  test("starts again when another value is wanted in between", () => {
    const fleet = new SimulatedFleet(calm);
    fleet.want(pair, "sha256:a");
    fleet.step(pair, 0);
    fleet.want(pair, "sha256:b");
    expect(fleet.step(pair, 1_500).report).toMatchObject({ phase: "Pending", digest: "sha256:b" });
    expect(fleet.step(pair, 3_000).report).toMatchObject({ phase: "Running", digest: "sha256:b" });
  });

  test("takes its state back after a delete marker, and does nothing about absence", () => {
    const fleet = new SimulatedFleet(calm);
    expect(fleet.step(pair, 0).report).toBeNull();
    fleet.want(pair, "sha256:a");
    end(fleet, 0);
    fleet.want(pair, null);
    expect(fleet.step(pair, 5_000).report).toMatchObject({ key: "state.sim-0001.web", phase: null });
    expect(fleet.step(pair, 5_001).report).toBeNull();
  });

  test("says nothing again where the bucket already holds the state, and says it where the bucket lost it", () => {
    const fleet = new SimulatedFleet(calm);
    fleet.show(pair, {
      device_id: pair.device,
      deployment: pair.deployment,
      phase: "Running",
      last_event_at: "2026-01-01T00:00:00Z",
      last_error: null,
      desired_digest: "sha256:a",
    });
    fleet.want(pair, "sha256:a");
    expect(fleet.step(pair, 0).report).toBeNull();
    fleet.lose(pair);
    expect(end(fleet, 10_000)).toBe("Running");
  });

  test("is not confused by the echo of what it said before", () => {
    const fleet = new SimulatedFleet({ ...calm, delayMs: 0 });
    fleet.want(pair, "sha256:a");
    expect(end(fleet, 0)).toBeUndefined();
    const echo = { last_event_at: "2026-01-01T00:00:00Z", last_error: null, desired_digest: "sha256:a" };
    fleet.show(pair, { device_id: pair.device, deployment: pair.deployment, phase: "Pending", ...echo });
    expect(fleet.step(pair, 100).report).toBeNull();
  });

  test("fails the same pairs with the same seed", () => {
    const failed = (seed: number): string[] => {
      const fleet = new SimulatedFleet({ delayMs: 0, failPercent: 30, seed });
      return Array.from({ length: 200 }, (_, index) => `sim-${index}` as DeviceId).filter((device) => {
        fleet.want({ ...pair, device }, "sha256:a");
        return fleet.step({ ...pair, device }, 0).report?.phase === "Failed";
      });
    };
    expect(failed(7)).toEqual(failed(7));
    expect(failed(7)).not.toEqual(failed(8));
    expect(failed(7).length).toBeGreaterThan(30);
    expect(failed(7).length).toBeLessThan(90);
  });
});
