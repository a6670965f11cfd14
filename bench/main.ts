/** `npm run bench`: the main job end to end, each step beside the bare cost of the same by hand, in one run. */
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";
import { startLocalFleet, UndoStack } from "#sandbox/local-fleet.ts";
import { openGitfleet } from "./by-gitfleet.ts";
import { openByHand } from "./by-hand.ts";
import { measurePlanComment, planText, type PlanFigures, type PlanSize } from "./plan-comment.ts";
import { chosen, USAGE, type Choice } from "./choice.ts";
import { reportJson, reportText, type Measured } from "./report.ts";
import type { Round } from "./round.ts";
import { measureStateTraffic, trafficText, type TrafficFigures, type TrafficSize } from "./state-traffic.ts";

/** The health gate waits by design; here it would only hide what is to be seen. */
const AGENT = ["--stable-for", "0ms"];

async function measurePlan(size: PlanSize): Promise<PlanFigures> {
  const undo = new UndoStack();
  try {
    say(`pull requests in a repository of ${size.deployments} deployments and ${size.devices} devices`);
    return await measurePlanComment(size, undo);
  } finally {
    for (const failure of await undo.run()) say(`could not remove ${failure}`);
  }
}

async function measureTraffic(size: TrafficSize, signal: AbortSignal): Promise<TrafficFigures> {
  const undo = new UndoStack();
  try {
    say(`device states for ${size.seconds} s in a fleet of ${size.devices} devices`);
    return await measureStateTraffic(size, undo, signal);
  } finally {
    for (const failure of await undo.run()) say(`could not remove ${failure}`);
  }
}

async function runChosen({ parts, format, plan: size, traffic: load }: Choice, signal: AbortSignal): Promise<string> {
  const loop = parts.includes("loop") ? await measure(size.rounds, signal) : null;
  const plan = parts.includes("plan-comment") ? await measurePlan(size) : null;
  const traffic = parts.includes("state-traffic") ? await measureTraffic(load, signal) : null;
  if (format === "json") {
    const steps = loop === null ? {} : (JSON.parse(reportJson(loop)) as object);
    const more = { ...(plan !== null && { plan_comment: plan }), ...(traffic !== null && { state_traffic: traffic }) };
    return `${JSON.stringify({ ...steps, ...more })}\n`;
  }
  const texts = [loop && reportText(loop), plan && planText(plan), traffic && trafficText(traffic)];
  return texts.filter((text) => text !== null).join("\n");
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
