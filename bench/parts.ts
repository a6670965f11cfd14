/** The parts beside the rows: whole stories, each with figures of its own kind. */
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { startLocalFleet, UndoStack } from "#sandbox/local-fleet.ts";
import { openGitfleet } from "./by-gitfleet.ts";
import { openByHand } from "./by-hand.ts";
import type { Part, PartSizes } from "./choice.ts";
import { footprintText, measureFootprint } from "./footprint.ts";
import { measurePlanComment, planText } from "./plan-comment.ts";
import { reportJson, reportText, type Measured } from "./report.ts";
import type { Round } from "./round.ts";
import { measureStateTraffic, trafficText } from "./state-traffic.ts";

/** What a part came to, for people and for programs. */
export interface PartResult {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** The health gate waits by design; here it would only hide what is to be seen. */
const AGENT = ["--stable-for", "0ms"];

/** Runs one part and removes what it started. */
export async function runPart(
  part: Part,
  { plan, traffic, footprint }: PartSizes,
  signal: AbortSignal,
): Promise<PartResult> {
  switch (part) {
    case "loop": {
      const measured = await removing(async (undo) => await measureLoop(plan.rounds, undo, signal));
      return { text: reportText(measured), json: JSON.parse(reportJson(measured)) as Record<string, unknown> };
    }
    case "plan-comment": {
      say(`pull requests in a repository of ${plan.deployments} deployments and ${plan.devices} devices`);
      const figures = await removing(async (undo) => await measurePlanComment(plan, undo));
      return { text: planText(figures), json: { plan_comment: figures } };
    }
    case "state-traffic": {
      say(`device states for ${traffic.seconds} s in a fleet of ${traffic.devices} devices`);
      const figures = await removing(async (undo) => await measureStateTraffic(traffic, undo, signal));
      return { text: trafficText(figures), json: { state_traffic: figures } };
    }
    case "footprint": {
      say(`an idle agent for ${footprint.seconds} s with ${footprint.deployments} deployments`);
      const figures = await removing(async (undo) => await measureFootprint(footprint, undo, signal));
      return { text: footprintText(figures), json: { footprint: figures } };
    }
  }
}

/** Progress, for people. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function removing<T>(work: (undo: UndoStack) => Promise<T>): Promise<T> {
  const undo = new UndoStack();
  try {
    return await work(undo);
  } finally {
    for (const failure of await undo.run()) say(`could not remove ${failure}`);
  }
}

async function measureLoop(rounds: number, undo: UndoStack, signal: AbortSignal): Promise<Measured> {
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
}
