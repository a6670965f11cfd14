/** One of gitfleet's programs as a process of its own, started the way a user starts it. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { findProgram } from "./machine.ts";

const BIN = join(packageRoot(), "bin/gitfleet");
const STOP_WITHIN_MS = 9_000;
const LOG_TAIL_CHARS = 4_000;

/** Which program, and where its log goes. */
export interface GitfleetProcessOptions {
  /** `agent`, `reconciler` …: for people, and the name of the log. */
  readonly name: string;
  /** All words after `gitfleet`. */
  readonly args: readonly string[];
  /** An existing folder for the log. */
  readonly logFolder: string;
  /** Puts the program elsewhere, for example into a device's network. */
  readonly wrap?: (command: string, args: readonly string[]) => [string, string[]];
}

/** A running program. */
export interface GitfleetProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Its exit code (or the name of the signal that ended it) once it ended, else null. */
  ended(): string | null;
  logTail(): string;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end, insists after nine seconds, and resolves when it ended. */
  stop(): Promise<void>;
  /** SIGKILL, and resolves when it ended. */
  kill(): Promise<void>;
  /** Starts it again as it was started first; does nothing while it runs. */
  start(): void;
}

/** Starts `gitfleet ARGS…`; it logs to `NAME.log` and ends when this process dies. */
export function startGitfleet(options: GitfleetProcessOptions): GitfleetProcess {
  return new Running(options);
}

function spawnGitfleet({ args, wrap }: GitfleetProcessOptions, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  const [command, words] = wrap === undefined ? [BIN, [...args]] : wrap(BIN, args);
  const [program, rest] = diesWithUs(command, words);
  // A process group of its own: Ctrl-C in a terminal is for us, and we end our programs in our own order.
  const child = spawn(program, rest, { stdio: ["ignore", log, log], env: ownEnvironment(), detached: true });
  closeSync(log);
  return child;
}

/** The kernel sends SIGTERM to the program when we are gone, however that came about. Linux alone can do this. */
function diesWithUs(command: string, args: readonly string[]): [string, string[]] {
  const setpriv = process.platform === "linux" ? findProgram("setpriv") : null;
  return setpriv === null ? [command, [...args]] : [setpriv, ["--pdeathsig", "TERM", command, ...args]];
}

// Settings for another fleet that the user has in the environment are not meant for this one.
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GITFLEET_")));
}

class Running implements GitfleetProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #options: GitfleetProcessOptions;
  #child: ChildProcess;
  #closed: Promise<unknown>;
  #ended: string | null = null;

  constructor(options: GitfleetProcessOptions) {
    this.name = options.name;
    this.logFile = join(options.logFolder, `${options.name}.log`);
    this.#options = options;
    this.#child = spawnGitfleet(options, this.logFile);
    this.#closed = this.#watch();
  }

  #watch(): Promise<unknown> {
    const child = this.#child;
    this.#ended = null;
    return new Promise((done) => {
      child.once("exit", (code, signal) => done((this.#ended = String(code ?? signal))));
      child.once("error", (error) => done((this.#ended = error.message)));
    });
  }

  start(): void {
    if (this.#ended === null) return;
    this.#child = spawnGitfleet(this.#options, this.logFile);
    this.#closed = this.#watch();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ended(): string | null {
    return this.#ended;
  }

  logTail(): string {
    return readFileSync(this.logFile, "utf8").slice(-LOG_TAIL_CHARS);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<void> {
    this.signal("SIGTERM");
    const late = setTimeout(() => this.signal("SIGKILL"), STOP_WITHIN_MS);
    await this.#closed;
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#closed;
  }
}
