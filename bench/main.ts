/** `npm run bench`: the main job end to end, each step beside the bare cost of the same by hand, in one run. */
import { parseArgs } from "node:util";
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";
import { startLocalFleet, UndoStack } from "#sandbox/local-fleet.ts";
import { openGitfleet } from "./by-gitfleet.ts";
import { openByHand } from "./by-hand.ts";
import { reportJson, reportText, type Measured } from "./report.ts";
import type { Round } from "./round.ts";

const ROUNDS_DEFAULT = "10";
/** The health gate waits by design; here it would only hide what is to be seen. */
const AGENT = ["--stable-for", "0ms"];
const USAGE = "usage: npm run bench -- [--rounds N] [--format text|json]";

interface Choice {
  readonly rounds: number;
  readonly format: string;
}

function chosen(): Choice | null {
  try {
    const { values } = parseArgs({
      options: { rounds: { type: "string", default: ROUNDS_DEFAULT }, format: { type: "string", default: "text" } },
    });
    const rounds = Number(values.rounds);
    const isSane = Number.isInteger(rounds) && rounds > 0 && ["text", "json"].includes(values.format);
    return isSane ? { rounds, format: values.format } : null;
  } catch {
    return null;
  }
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
  const measured = await runUntilSignal(async (signal) => await measure(choice.rounds, signal));
  process.stdout.write(choice.format === "json" ? `${reportJson(measured)}\n` : reportText(measured));
}
