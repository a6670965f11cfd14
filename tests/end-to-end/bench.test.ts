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
