/** What a person asked the benchmark to do. */
import { parseArgs } from "node:util";
import type { FootprintSize } from "./footprint.ts";
import type { PlanSize } from "./plan-comment.ts";
import type { TrafficSize } from "./state-traffic.ts";

export const PARTS = ["loop", "plan-comment", "state-traffic", "footprint"] as const;
export type Part = (typeof PARTS)[number];

export const USAGE = `usage: npm run bench                          every row and part; writes docs/benchmarks.md
       npm run bench -- --quick               small sizes; fails where a ratio grew by more than half
       npm run bench -- --row N [--quick]     one row of the table
       npm run bench -- --only ${PARTS.join("|")}

  --format json|text   one object a figure; a table
  --record             with --quick: what it came to is what later runs are held against
  loop, plan-comment   [--rounds N]
  plan-comment         [--deployments N] [--devices N]
  state-traffic        [--seconds N] [--interval SECONDS] [--state-deployments N] [--state-devices N]
  footprint            [--agent-seconds N] [--agent-deployments N]`;

/** How large the parts are. */
export interface PartSizes {
  readonly plan: PlanSize;
  readonly traffic: TrafficSize;
  readonly footprint: FootprintSize;
}

export type Choice = PartSizes & {
  readonly format: "text" | "json";
  readonly quick: boolean;
} & (
    | { readonly kind: "everything" }
    | { readonly kind: "row"; readonly row: number }
    | { readonly kind: "part"; readonly part: Part }
    | { readonly kind: "record" }
  );

const text = (standard: string) => ({ type: "string", default: standard }) as const;

/** Reads the command line; null where it is wrong. */
export function chosen(args?: readonly string[]): Choice | null {
  try {
    const { values } = parseArgs({
      ...(args === undefined ? {} : { args: [...args] }),
      options: {
        only: { type: "string" },
        row: { type: "string" },
        quick: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        format: text("text"),
        rounds: text("10"),
        deployments: text("1000"),
        devices: text("10000"),
        seconds: text("120"),
        // What fleet.yaml says where it says nothing.
        interval: text("60"),
        "state-deployments": text("5"),
        "state-devices": text("200"),
        // As long as the rarest thing that an idle agent hears: the heartbeat of its feed.
        "agent-seconds": text("300"),
        "agent-deployments": text("10"),
      },
    });
    const { only, row, quick, record, format, rounds, deployments, devices, seconds, interval } = values;
    const plan = { rounds: Number(rounds), deployments: Number(deployments), devices: Number(devices) };
    const traffic = {
      devices: Number(values["state-devices"]),
      deployments: Number(values["state-deployments"]),
      seconds: Number(seconds),
      interval_seconds: Number(interval),
    };
    const footprint = { seconds: Number(values["agent-seconds"]), deployments: Number(values["agent-deployments"]) };
    if (![plan, traffic, footprint].flatMap((size) => Object.values(size)).every(isCount)) return null;
    if (format !== "text" && format !== "json") return null;
    if ([only !== undefined, row !== undefined, record].filter(Boolean).length > 1) return null;
    const common = { plan, traffic, footprint, format, quick } as const;
    if (record) return quick ? { ...common, kind: "record" } : null;
    if (row !== undefined) return isCount(Number(row)) ? { ...common, kind: "row", row: Number(row) } : null;
    if (only === undefined) return { ...common, kind: "everything" };
    const part = PARTS.find((name) => name === only);
    return part === undefined ? null : { ...common, kind: "part", part };
  } catch {
    return null;
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
