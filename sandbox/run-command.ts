/** Runs a program to its end, with a limit, and says what it printed where it fails. */
import { execFile, type ExecFileException } from "node:child_process";

const LIMIT_MS = 60_000;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** How to run it. */
export interface RunOptions {
  readonly cwd?: string;
  /** Replaces the environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly limitMs?: number;
}

/** What a program printed before it exited with 0. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when the program exits with 0; else rejects with the command, its exit code and its stderr. */
export async function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { cwd, env, limitMs = LIMIT_MS } = options;
  return await new Promise((resolve, reject) => {
    const settings = { cwd, env, timeout: limitMs, maxBuffer: OUTPUT_MAX_BYTES, encoding: "utf8" as const };
    execFile(command, [...args], settings, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(failureText([command, ...args], error, stderr), { cause: error }));
    });
  });
}

function failureText(command: string[], error: ExecFileException, stderr: string): string {
  const missing = error.code === "ENOENT" ? " (is it installed?)" : "";
  return `${command.join(" ")} failed with ${error.code ?? error.signal}${missing}: ${stderr.trim()}`;
}
