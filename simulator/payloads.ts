/** What devices write, in the words of the wire contract. */
import type { DevicePair } from "#schema/keys.ts";
import { wireTime } from "#schema/time.ts";
import type { SimulatedDevice } from "./device-columns.ts";
import type { StateWrite } from "./simulated-fleet.ts";

export function infoText({ id, labels }: SimulatedDevice, nowMs: number): string {
  const inventory = {
    hostname: id,
    arch: "x86_64",
    os: "linux",
    kernel: "6.1.0",
    cpu_cores: 4,
    memory_mb: 4_096,
    disk_mb: 32_000,
    agent_version: "0.1.0-simulated",
  };
  return JSON.stringify({ device_id: id, labels, inventory, updated_at: wireTime(nowMs) });
}

export function heartbeatText({ id }: SimulatedDevice, nowMs: number): string {
  return JSON.stringify({ device_id: id, at: wireTime(nowMs) });
}

export function stateText({ device, deployment }: DevicePair, write: StateWrite, nowMs: number): string {
  return JSON.stringify({
    device_id: device,
    deployment,
    phase: write.phase,
    last_event_at: wireTime(nowMs),
    last_error: write.error,
    desired_digest: write.digest,
  });
}
