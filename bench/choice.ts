/** What a person asked the benchmark to do. */
import { parseArgs } from "node:util";
import type { PlanSize } from "./plan-comment.ts";
import type { TrafficSize } from "./state-traffic.ts";

const PARTS = ["loop", "plan-comment", "state-traffic"] as const;
export type Part = (typeof PARTS)[number];

export const USAGE = `usage: npm run bench -- [--only ${PARTS.join("|")}] [--format text|json]
  loop, plan-comment   [--rounds N]
  plan-comment         [--deployments N] [--devices N]
  state-traffic        [--seconds N] [--interval SECONDS] [--state-deployments N] [--state-devices N]`;

/** The parts to run, and how large. */
export interface Choice {
  readonly parts: readonly Part[];
  readonly format: string;
  readonly plan: PlanSize;
  readonly traffic: TrafficSize;
}

const text = (standard: string) => ({ type: "string", default: standard }) as const;

/** Reads the command line; null where it is wrong. */
export function chosen(): Choice | null {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        format: text("text"),
        rounds: text("10"),
        deployments: text("1000"),
        devices: text("10000"),
        seconds: text("120"),
        // What fleet.yaml says where it says nothing.
        interval: text("60"),
        "state-deployments": text("5"),
        "state-devices": text("200"),
      },
    });
    const { only, format, rounds, deployments, devices, seconds, interval } = values;
    const plan = { rounds: Number(rounds), deployments: Number(deployments), devices: Number(devices) };
    const traffic = {
      devices: Number(values["state-devices"]),
      deployments: Number(values["state-deployments"]),
      seconds: Number(seconds),
      interval_seconds: Number(interval),
    };
    const parts = PARTS.filter((part) => only === undefined || part === only);
    const sizes = [...Object.values(plan), ...Object.values(traffic)];
    const isSane = sizes.every((value) => Number.isInteger(value) && value > 0);
    return isSane && parts.length > 0 && ["text", "json"].includes(format) ? { parts, format, plan, traffic } : null;
  } catch {
    return null;
  }
}
