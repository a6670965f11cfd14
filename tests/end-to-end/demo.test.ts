/** `gitfleet demo`: the story is true from beginning to end, and nothing stays behind, however it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bridgeName } from "#agent/core/names.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { REAL_DEVICE } from "#sandbox/fleet-repository.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";

const BIN = resolve(import.meta.dirname, "../../bin/gitfleet");
const STORY_LIMIT_MS = 180_000;
/** With the figures of the template's fleet. */
const BOT_STEPS = [
  "gitfleet/validate is a success: 18 of 21 devices change: 18 updated, 0 added, 0 removed, see http://",
  "gitfleet/rollout becomes a success, the same comment goes on: .*success",
  "the status branch says how the fleet is",
];
let scratch: Scratch;

// A temporary folder of its own tells what this demo leaves from what other tests are just using.
beforeEach(() => {
  scratch = scratchFolder("demo");
});

afterEach(() => {
  scratch.remove();
});

interface Run {
  readonly output: () => string;
  /** Types a line. */
  readonly type: (line: string) => void;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<number | null>;
}

function demo(...args: string[]): Run {
  const child = spawn(BIN, ["demo", ...args], {
    env: { ...process.env, TMPDIR: scratch.path },
    stdio: "pipe",
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, "close").then(([code]) => code as number | null);
  const type = (line: string): void => void child.stdin.write(`${line}\n`);
  return { output: () => text, type, signal: (name) => void child.kill(name), ended };
}

/** The bridge of the real device's deployment, on the machine's own network. */
const bridge = bridgeName(REAL_DEVICE as DeviceId, "hello" as DeploymentName);

function processesIn(folder: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const isZombie = readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
      return command.includes(folder) && !isZombie ? [command] : [];
    } catch {
      return [];
    }
  });
}

function expectNothingLeft(): void {
  // Node keeps compiled code there for the next start.
  const kept = [".owner", "node-compile-cache"];
  expect(readdirSync(scratch.path).filter((name) => !kept.includes(name))).toEqual([]);
  expect(processesIn(scratch.path)).toEqual([]);
  expect(Object.keys(networkInterfaces())).not.toContain(bridge);
}

test(
  "the whole story is true, and it ends with 0",
  async () => {
    const run = demo("--auto");
    const code = await run.ended;
    expect(run.output()).not.toContain("✗");
    expect({ code, output: run.output() }).toMatchObject({ code: 0 });
    const steps = [
      "container answers HTTP",
      "another container",
      "it is back",
      ...BOT_STEPS,
      "are gone",
      "held",
      "approve it",
    ];
    for (const step of steps) expect(run.output()).toMatch(new RegExp(`✓ .*${step}`));
    expectNothingLeft();
  },
  STORY_LIMIT_MS,
);

test(
  "Ctrl-C while the menu is shown removes everything, and what the menu says works until then",
  async () => {
    const run = demo();
    await until("the menu is shown", () => run.output().includes("Ctrl-C ends it"), { limitMs: STORY_LIMIT_MS });
    const url = /curl (http:\S+)\n/.exec(run.output())?.[1] ?? "";
    expect(await (await fetch(url)).text()).toBe("web:1\n");
    expect(Object.keys(networkInterfaces())).toContain(bridge);
    run.signal("SIGINT");
    expect(await run.ended).toBe(0);
    expectNothingLeft();
  },
  STORY_LIMIT_MS,
);

test(
  "the menu opens a pull request, prints where the bot's comment is seen, and merges it",
  async () => {
    const run = demo();
    await until("the menu is shown", () => run.output().includes("Ctrl-C ends it"), { limitMs: STORY_LIMIT_MS });
    run.type("p no-such-branch");
    await until("it says what is wrong", () => run.output().includes("there is no branch no-such-branch"));
    run.type("p");
    const page = await until("it says where", () => /comment at (http:\S+)/.exec(run.output())?.[1]);
    const shown = async (): Promise<string> => await (await fetch(page)).text();
    const plan = "18 of 21 devices change: 18 updated, 0 added, 0 removed";
    await until("the page shows the plan", async () => (await shown()).includes(plan));
    run.type("m");
    await until("it is merged", () => /merged as [0-9a-f]{7}/.test(run.output()));
    await until("the page shows the rollout", async () => /gitfleet\/rollout<\/b> success/.test(await shown()));
    await until("the comment goes on", async () => (await shown()).includes(": done"));
    expect(await shown()).toContain(plan);
    run.signal("SIGINT");
    expect(await run.ended).toBe(0);
    expectNothingLeft();
  },
  STORY_LIMIT_MS,
);

test.each([
  "a forge",
  "NATS with JetStream",
  "the status bot",
  "podman with containers",
  "the agent",
  "the buckets are there",
])(
  "Ctrl-C during start-up removes everything: after the step with %s",
  async (step) => {
    const run = demo();
    await until(`the step ${step} is done`, () => run.output().includes(step), { limitMs: STORY_LIMIT_MS });
    run.signal("SIGINT");
    expect(await run.ended).toBe(0);
    expectNothingLeft();
  },
  STORY_LIMIT_MS,
);
