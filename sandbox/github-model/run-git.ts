/** Runs git without anybody's settings and without prompts. */
import { spawn } from "node:child_process";

const GIT_LIMIT_MS = 60_000;

/** Git ended with something else than success. */
export class GitFailure extends Error {
  readonly exitCode: number | null;
  constructor(message: string, exitCode: number | null) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface GitOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** The environment of every git of the model: nobody's settings, no prompts. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    LC_ALL: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
  };
}

/** What git printed; throws `GitFailure` with what it complained about. */
export function runGit(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn("git", args, { env: { ...gitEnvironment(), ...options.env }, timeout: GIT_LIMIT_MS });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.on("error", (error) =>
    reject(new Error("git could not be started; install git 2.38 or newer", { cause: error })),
  );
  child.on("close", (code) => {
    if (code === 0) resolve(Buffer.concat(out));
    else reject(new GitFailure(`git ${args.join(" ")}: ${Buffer.concat(err).toString("utf8").trim()}`, code));
  });
  // A git that ends early closes its input; its exit code tells the story.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return promise;
}
