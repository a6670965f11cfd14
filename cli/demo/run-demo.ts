/** `gitfleet demo`: a complete fleet on this machine, to play with or (`--auto`) to prove itself; removed at the end. */
import { errorText } from "#runtime/errors.ts";
import { startLocalFleet, UndoStack } from "#sandbox/local-fleet.ts";
import { SIMULATED_DEVICES } from "#sandbox/fleet-repository.ts";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { menuText } from "./menu.ts";
import { FleetObserver } from "./observer.ts";
import { Progress } from "./progress.ts";
import { PullRequests } from "./pull-requests.ts";
import { deploy, tellStory, type Stage } from "./story.ts";
import { followWords } from "./words.ts";

/** What the user chose, and where it is shown. */
export interface DemoOptions {
  /** Drives the story without a person and ends. */
  readonly auto: boolean;
  readonly io: Io;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs the demo. 0 where all was well (or the user ended it), 1 where a step of the story was not true. */
export async function runDemo({ auto, io, signal }: DemoOptions): Promise<ExitCode> {
  const progress = new Progress(io);
  const undo = new UndoStack();
  try {
    const stage = await raise({ progress, undo, signal });
    if (auto) await tellStory(stage);
    else await play(stage, io, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) return auto ? 1 : 0;
    progress.fail();
    io.err(`${io.paintErr("red", "gitfleet demo:")} ${errorText(error)}\n`);
    return 1;
  } finally {
    await removeAll(progress, undo, io);
  }
}

interface Raising {
  readonly progress: Progress;
  readonly undo: UndoStack;
  readonly signal: AbortSignal;
}

/** Starts everything and waits until the simulated devices run what the template says. */
async function raise({ progress, undo, signal }: Raising): Promise<Stage> {
  const fleet = await startLocalFleet({
    signal,
    undo,
    forge: true,
    network: "host",
    progress: (what) => progress.begin(what),
  });
  const observer = await progress.step("the buckets are there", async () => await FleetObserver.open(fleet, signal));
  undo.add("the view of NATS", async () => await observer.close());
  await progress.step(`${SIMULATED_DEVICES} simulated devices run what the repository says`, async () => {
    const commit = await fleet.repository.git("rev-parse", "HEAD");
    await observer.allRunning(commit, observer.wanted());
  });
  const { forge } = fleet;
  if (forge === null) throw new Error("the fleet was started without its forge");
  return { fleet, observer, progress, pulls: new PullRequests(forge) };
}

async function play(stage: Stage, io: Io, signal: AbortSignal): Promise<void> {
  await deploy(stage);
  io.out(menuText(stage.fleet, { cwd: io.cwd, paint: io.paint }));
  const died = stage.observer.wait<never>("the demo goes on", () => null).catch((error: unknown) => error);
  const words = followWords({ pulls: stage.pulls, io, input: process.stdin });
  await Promise.race([new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })), died]);
  words.stop();
}

async function removeAll(progress: Progress, undo: UndoStack, io: Io): Promise<void> {
  const failures = await progress.step("everything that was started is removed", async () => await undo.run());
  for (const failure of failures) io.err(`could not remove ${failure}\n`);
  progress.line(`  ${progress.totalSeconds()} in all`);
}
