/** `npm run bench`: the main job end to end, each step beside the bare cost of the same by hand, in one run. */
import { parseArgs } from "node:util";
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";
import { startLocalFleet, UndoStack } from "#sandbox/local-fleet.ts";
import { openGitfleet } from "./by-gitfleet.ts";
import { openByHand } from "./by-hand.ts";
import { measurePlanComment, planText, type PlanFigures, type PlanSize } from "./plan-comment.ts";
import { reportJson, reportText, type Measured } from "./report.ts";
import type { Round } from "./round.ts";

const ROUNDS_DEFAULT = "10";
/** The health gate waits by design; here it would only hide what is to be seen. */
const AGENT = ["--stable-for", "0ms"];
const NAMES = ["loop", "plan-comment"];
const USAGE =
  "usage: npm run bench -- [--only loop|plan-comment] [--rounds N] [--deployments N] [--devices N] [--format text|json]";

interface Choice extends PlanSize {
  readonly only: string | undefined;
  readonly format: string;
}

function chosen(): Choice | null {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        rounds: { type: "string", default: ROUNDS_DEFAULT },
        deployments: { type: "string", default: "1000" },
        devices: { type: "string", default: "10000" },
        format: { type: "string", default: "text" },
      },
    });
    const { only, format } = values;
    const size = {
      rounds: Number(values.rounds),
      deployments: Number(values.deployments),
      devices: Number(values.devices),
    };
    const isSane = Object.values(size).every((value) => Number.isInteger(value) && value > 0);
    const isKnown = (only === undefined || NAMES.includes(only)) && ["text", "json"].includes(format);
    return isSane && isKnown ? { ...size, only, format } : null;
  } catch {
    return null;
  }
}

async function measurePlan(size: PlanSize): Promise<PlanFigures> {
  const undo = new UndoStack();
  try {
    say(`pull requests in a repository of ${size.deployments} deployments and ${size.devices} devices`);
    return await measurePlanComment(size, undo);
  } finally {
    for (const failure of await undo.run()) say(`could not remove ${failure}`);
  }
}

async function runChosen({ only, format, ...size }: Choice, signal: AbortSignal): Promise<string> {
  const loop = only === "plan-comment" ? null : await measure(size.rounds, signal);
  const plan = only === "loop" ? null : await measurePlan(size);
  if (format === "json") {
    const steps = loop === null ? {} : (JSON.parse(reportJson(loop)) as object);
    return `${JSON.stringify({ ...steps, ...(plan !== null && { plan_comment: plan }) })}\n`;
  }
  return [loop === null ? "" : reportText(loop), plan === null ? "" : planText(plan)]
    .filter((text) => text !== "")
    .join("\n");
}

async function measure(rounds: number, signal: AbortSignal): Promise<Measured> {
  const undo = new UndoStack();
  try {
    say("starting a fleet on this machine");
    // Polls only when it is told to, by the webhook.
    const fleet = await startLocalFleet({ undo, signal, pollInterval: "60s", agentArgs: AGENT });
    const link = await connect(natsOptionsSchema.parse({ servers: [fleet.nats.url] }), signal);
    undo.add("connection", async () => await link.close());
    const gitfleet = await openGitfleet(fleet, link);
    undo.add("gitfleet's rounds", gitfleet.close);
    const hand = await openByHand(fleet, link);
    undo.add("rounds by hand", hand.close);
    const byGitfleet: Round[] = [];
    const byHand: Round[] = [];
    // The first time of each tag pulls its image; it does not count.
    for (let round = -1; round <= rounds; round += 1) {
      signal.throwIfAborted();
      const tag = round % 2 === 0 ? "web:1" : "web:2";
      const results = [await gitfleet.round(tag), await hand.round(tag)] as const;
      if (round < 1) continue;
      say(`round ${round} of ${rounds}`);
      byGitfleet.push(results[0]);
      byHand.push(results[1]);
    }
    return { byGitfleet, byHand };
  } finally {
    for (const failure of await undo.run()) say(`could not remove ${failure}`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const choice = chosen();
if (choice === null) {
  say(USAGE);
  process.exitCode = 2;
} else {
  process.stdout.write(await runUntilSignal(async (signal) => await runChosen(choice, signal)));
}
