/** What the agent costs a device that has nothing to do: memory, processor, network; and how soon it is at work after its start. */
import { sleep } from "#runtime/clock.ts";
import type { UndoStack } from "#sandbox/local-fleet.ts";
import { startBareNode, startIdleDevice, type IdleDevice, type StartMs } from "./idle-device.ts";
import { processorMs, residentMb } from "./process-usage.ts";

/** Long enough for what only a start needs to be over. */
const SETTLE_MS = 10_000;
const STARTS = 5;
const MONTH_SECONDS = 30 * 24 * 3_600;

/** How much runs on the device, and for how long it is watched. */
export interface FootprintSize {
  readonly deployments: number;
  readonly seconds: number;
}

/** One figure beside what a program that does nothing costs, where that can be measured, and beside its target. */
export interface FootprintRow {
  readonly name: string;
  readonly value: number;
  readonly unit: "MB" | "%" | "MB a month" | "ms";
  /** Of bare Node in the same run; null where it has no such cost. */
  readonly limit: number | null;
  /** Null where it is only told. */
  readonly target: number | null;
  readonly met: boolean;
}

export interface FootprintFigures extends FootprintSize {
  readonly rows: readonly FootprintRow[];
}

/** Starts all it needs, measures the agent's bundle, and leaves the removal on `undo`. */
export async function measureFootprint(
  size: FootprintSize,
  undo: UndoStack,
  signal: AbortSignal,
): Promise<FootprintFigures> {
  const device = await startIdleDevice(size.deployments, undo, signal);
  const starts: StartMs[] = [];
  for (let round = 0; round < STARTS; round += 1) starts.push(await device.start());
  await sleep(SETTLE_MS, signal);
  const idle = await watch(device, size.seconds, signal);
  const bare = await startBareNode(undo);
  return {
    ...size,
    rows: [
      row("resident memory, idle", "MB", residentMb(device.pid()), 70, residentMb(bare.pid)),
      row("processor, idle, of one core", "%", idle.processorPercent, 0.5, null),
      row("network, idle, above TCP", "MB a month", idle.monthMb, 15, null),
      row("start to first reconcile", "ms", Math.min(...starts.map(({ first }) => first)), 300, bare.readyMs),
      row(`start to all ${size.deployments} reconciled`, "ms", Math.min(...starts.map(({ all }) => all)), null, null),
    ],
  };
}

/** A table for people. */
export function footprintText({ deployments, seconds, rows }: FootprintFigures): string {
  const lines = rows.map(({ name, value, unit, limit, target, met }) => {
    const beside = limit === null ? "" : `   bare Node ${limit.toFixed(0)}`;
    const figure = `${value.toFixed(unit === "%" ? 2 : 1)} ${unit}`;
    const held = target === null ? "" : `   target ${String(target).padStart(4)}   ${met ? "met" : "missed"}`;
    return `${name.padEnd(30)}${figure.padStart(18)}${held}${beside}`;
  });
  const about = `the agent's bundle with ${deployments} deployments, watched for ${seconds} s at a heartbeat of 60 s`;
  return `${lines.join("\n")}\n${about}; once an hour one report more is offered, about a kilobyte\n`;
}

async function watch(device: IdleDevice, seconds: number, signal: AbortSignal) {
  const from = { ms: processorMs(device.pid()), bytes: device.bytes(), atMs: performance.now() };
  await sleep(seconds * 1_000, signal);
  signal.throwIfAborted();
  const tookMs = performance.now() - from.atMs;
  const bytes = device.bytes() - from.bytes;
  return {
    processorPercent: ((processorMs(device.pid()) - from.ms) / tookMs) * 100,
    monthMb: ((bytes / tookMs) * 1_000 * MONTH_SECONDS) / 1e6,
  };
}

function row(
  name: string,
  unit: FootprintRow["unit"],
  value: number,
  target: number | null,
  limit: number | null,
): FootprintRow {
  return { name, value, unit, limit, target, met: target === null || value < target };
}
