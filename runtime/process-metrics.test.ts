import { describe, expect, test } from "vitest";
import { until } from "#sandbox/until.ts";
import { createDaemonMetrics } from "./process-metrics.ts";
import { version } from "./version.ts";

describe("the metrics of a daemon", () => {
  test("are its own and those of its process", async () => {
    const metrics = createDaemonMetrics({ up: { kind: "gauge", name: "gitfleet_up", help: "1 while up." } });
    metrics.metric.up.set(1);
    const text = await metrics.text();
    expect(text).toContain("gitfleet_up 1\n");
    expect(text).toContain(`gitfleet_build_info{version="${version}"} 1\n`);
    expect(valueOf(text, "process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(valueOf(text, "process_start_time_seconds")).toBeLessThan(Date.now() / 1_000);
  });

  test("tell how late the event loop came to its work since they were last asked", async () => {
    const { text } = createDaemonMetrics({});
    const delay = async (): Promise<number> => valueOf(await text(), "gitfleet_event_loop_delay_p99_seconds");
    expect(await delay()).toBe(0);
    await until("a blocked loop is told", async () => {
      blockFor(400);
      await turnOfTheLoop();
      return (await delay()) > 0.2;
    });
    await until("a loop that runs again is told", async () => (await delay()) < 0.2);
  });

  test("count the time on processors once, however often they are asked", async () => {
    const { text } = createDaemonMetrics({});
    await text();
    blockFor(50);
    const told = valueOf(await text(), "process_cpu_seconds_total");
    const { user, system } = process.cpuUsage();
    expect(told).toBeGreaterThan(0.05);
    expect(told).toBeLessThanOrEqual((user + system) / 1e6);
  });
});

function valueOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

function blockFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

// Timers come before immediates, and the figure is taken by a timer: after a second immediate it has been.
async function turnOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((done) => setImmediate(done));
}
