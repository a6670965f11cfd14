import { describe, expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

describe("metrics", () => {
  test("are written as Prometheus text, beginning at 0", async () => {
    const { metric, text } = createMetrics({
      writes: { kind: "counter", name: "gitfleet_writes_total", help: "Keys written.", labels: ["bucket"] },
      connected: { kind: "gauge", name: "gitfleet_connected", help: "1 while connected." },
      pass: { kind: "histogram", name: "gitfleet_pass_seconds", help: "Time of a pass.", buckets: [0.1, 1] },
    });
    metric.writes.add(2, { bucket: "desired-state" });
    metric.pass.observe(0.5);
    const lines = (await text()).split("\n");
    expect(lines).toContain('gitfleet_writes_total{bucket="desired-state"} 2');
    expect(lines).toContain("gitfleet_connected 0");
    expect(lines).toContain('gitfleet_pass_seconds_bucket{le="1"} 1');
  });

  test("of two programs in one process do not meet", () => {
    const table = { up: { kind: "gauge", name: "gitfleet_up", help: "1 while up." } } as const;
    createMetrics(table);
    expect(() => createMetrics(table)).not.toThrow();
  });

  test("refuse what their kind cannot do", () => {
    const { metric } = createMetrics({ writes: { kind: "counter", name: "w_total", help: "Writes." } });
    expect(() => metric.writes.set(3)).toThrow(/w_total is a counter/);
  });
});
