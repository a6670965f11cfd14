import { expect, test } from "vitest";
import { reportJson, reportText } from "./report.ts";

const measured = {
  byGitfleet: [{ keyMs: 30, runningMs: 400, stateMs: 5 }],
  byHand: [{ keyMs: 20, runningMs: 200, stateMs: 2.5 }],
};

test("each step stands beside what it costs by hand", () => {
  expect(reportText(measured)).toBe(
    [
      "                                   gitfleet  (p90)  by hand  (p90)  ratio  by hand is",
      "commit → key written                     30   (30)       20   (20)    1.5  git fetch + KV put",
      "key written → container running         400  (400)      200  (200)    2.0  podman rm + podman run",
      "container running → state visible       5.0  (5.0)      2.5  (2.5)    2.0  KV put, seen by a watcher",
      "in all                                  435  (435)      223  (223)    2.0",
      "",
      "median of 1 rounds, in milliseconds",
      "",
    ].join("\n"),
  );
});

test("the JSON has every figure", () => {
  const { rounds, steps } = JSON.parse(reportJson(measured)) as { rounds: number; steps: { by_hand_ms: unknown }[] };
  expect(rounds).toBe(1);
  expect(steps).toHaveLength(4);
  expect(steps[2]?.by_hand_ms).toEqual({ median: 2.5, p90: 2.5, min: 2.5, max: 2.5 });
});
