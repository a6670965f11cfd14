/** The benchmark runs by one command and gives figures that can be true. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const LIMIT_MS = 120_000;

test(
  "each step has a figure of gitfleet and one by hand, both of them above zero",
  async () => {
    const args = ["bench/main.ts", "--only", "loop", "--rounds", "1", "--format", "json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { rounds, steps } = JSON.parse(stdout) as {
      rounds: number;
      steps: { step: string; gitfleet_ms: { median: number }; by_hand_ms: { median: number } }[];
    };
    expect(rounds).toBe(1);
    expect(steps.map(({ step }) => step)).toEqual([
      "commit → key written",
      "key written → container running",
      "container running → state visible",
      "in all",
    ]);
    const figures = steps.flatMap(({ gitfleet_ms: ours, by_hand_ms: bare }) => [ours.median, bare.median]);
    expect(figures.filter((ms) => !(ms > 0))).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "the plan comment has a figure of gitfleet and one by hand, both of them above zero",
  async () => {
    const size = ["--rounds", "1", "--deployments", "5", "--devices", "20"];
    const args = ["bench/main.ts", "--only", "plan-comment", ...size, "--format", "json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { plan_comment: plan } = JSON.parse(stdout) as {
      plan_comment: { rounds: number; gitfleet_ms: { median: number }; by_hand_ms: { median: number } };
    };
    expect(plan.rounds).toBe(1);
    expect(plan.gitfleet_ms.median).toBeGreaterThan(0);
    expect(plan.by_hand_ms.median).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  "many device states give at most one status commit per interval, and the calls to the forge are counted",
  async () => {
    const size = ["--seconds", "6", "--interval", "2", "--state-devices", "10", "--state-deployments", "2"];
    const args = ["bench/main.ts", "--only", "state-traffic", ...size, "--format", "json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { state_traffic: traffic } = JSON.parse(stdout) as {
      state_traffic: {
        state_changes: number;
        rows: { name: string; value: number; limit: number; met: boolean }[];
        calls: Record<string, number>;
      };
    };
    const [commits, calls] = traffic.rows;
    expect(traffic.rows.map(({ name }) => name)).toEqual(["status commits", "API calls a minute"]);
    expect(traffic.state_changes).toBe(1_000);
    expect(commits?.limit).toBeGreaterThanOrEqual(4);
    expect(commits?.value).toBeGreaterThan(0);
    expect(commits?.value).toBeLessThanOrEqual(commits?.limit ?? 0);
    // So short a time says nothing about a minute; only that what was counted is what is shown.
    const counted = Object.values(traffic.calls).reduce((sum, count) => sum + count, 0);
    expect(calls).toMatchObject({ limit: 10, met: (calls?.value ?? NaN) <= 10 });
    expect(calls?.value).toBeGreaterThan(0);
    expect(calls?.value).toBeLessThanOrEqual(counted * 10);
  },
  LIMIT_MS,
);
