/** Runs bin/gitfleet as people do: a real process, a clean environment, stdout and stderr apart. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../bin/gitfleet");
const LIMIT_MS = 30_000;

/** How one run ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what it runs. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to an environment that says nothing about gitfleet. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another way to the program, such as a link to it. */
  readonly program?: string;
}

/** A run that goes on until it is stopped. */
export interface Running {
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<Ended>;
  /** SIGINT, as Ctrl-C; resolves when it has ended. */
  interrupt(): Promise<Ended>;
}

/** Runs to the end. */
export async function gitfleet(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Starts a run that a test stops; what a test forgets ends with it. */
export function startGitfleet(args: readonly string[], options: RunOptions = {}): Running {
  const { child, ended, output } = start(args, options);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    interrupt: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

function start(args: readonly string[], { cwd, env, program = PROGRAM }: RunOptions) {
  const child = spawn(program, [...args], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, ...output });
    });
  });
  return { child, ended, output };
}

function cleanEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:GITFLEET_|NO_COLOR$|FORCE_COLOR$|NODE_)/.test(name),
  );
  return Object.fromEntries(kept);
}
