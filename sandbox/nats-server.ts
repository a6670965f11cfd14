/** A real nats-server with JetStream on a free port, that a test or the demo can stop, kill, pause, restart and wipe. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { findNatsServer } from "./find-nats-server.ts";
import { freePort } from "./free-port.ts";
import { pauseProcess } from "./processes.ts";
export { findNatsServer } from "./find-nats-server.ts";

const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const PROBE_EVERY_MS = 10;
const START_ATTEMPTS = 5;
const SETPRIV = "/usr/bin/setpriv";
const LOG_TAIL_CHARS = 64 * 1024;
/** How to start a server. */
export interface NatsServerOptions {
  /** The port to listen on; a free one where it is left out. */
  readonly port?: number;
  /** Where JetStream keeps its files; a scratch folder where it is left out. */
  readonly storeDir?: string;
  /** More lines of configuration (accounts, authorization, tls). Not `listen` or `jetstream`. */
  readonly config?: string;
  /** The program to run; else `GITFLEET_NATS_SERVER`, else the first `nats-server` found. */
  readonly binary?: string;
}

/** A running (or stopped, or paused) nats-server. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Of the running process; null while it is stopped. */
  readonly pid: number | null;
  readonly storeDir: string;
  /** SIGTERM and wait. The data stays: `start` finds it again. */
  stop(): Promise<void>;
  /** SIGKILL and wait. The data stays. */
  kill(): Promise<void>;
  /** Starts it on the same port with the same data; resolves when it answers. */
  start(): Promise<void>;
  /** Stops it when it runs, then starts it. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Stops it, deletes everything JetStream stored, and starts it. */
  wipe(): Promise<void>;
  /** Replaces the additional configuration; takes effect at the next start. */
  configure(config: string): Promise<void>;
  /** The end of what the server printed. */
  logTail(): string;
  /** The last call: stops it and deletes what was made for it. */
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a nats-server on 127.0.0.1 and resolves when it answers.
 * Throws where the program is missing (naming the command that installs it) or does not come up.
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const binary = options.binary ?? findNatsServer();
  const folder = await mkdtemp(join(tmpdir(), "gitfleet-nats-"));
  try {
    return await startInFolder(binary, folder, options);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startInFolder(binary: string, folder: string, options: NatsServerOptions): Promise<NatsServer> {
  const storeDir = options.storeDir ?? join(folder, "store");
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const server = new ServerProcess({ binary, folder, storeDir, port });
    await server.configure(options.config ?? "");
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.kill();
      // Between the probe and the start somebody else may have taken the port.
      const portTaken = server.logTail().includes("address already in use");
      if (!portTaken || options.port !== undefined || attempt === START_ATTEMPTS) throw error;
    }
  }
}

interface Place {
  readonly binary: string;
  readonly folder: string;
  readonly storeDir: string;
  readonly port: number;
}

class ServerProcess implements NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  readonly #place: Place;
  #child: ChildProcess | null = null;
  #exited: Promise<unknown> = Promise.resolve();
  #log = "";
  readonly #atExit = (): void => {
    this.#child?.kill("SIGKILL");
    rmSync(this.#place.folder, { recursive: true, force: true });
  };

  constructor(place: Place) {
    this.#place = place;
    this.port = place.port;
    this.storeDir = place.storeDir;
    this.url = `nats://127.0.0.1:${place.port}`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  logTail(): string {
    return this.#log;
  }

  async configure(config: string): Promise<void> {
    const text = [
      `listen: "127.0.0.1:${this.port}"`,
      `jetstream { store_dir: ${JSON.stringify(this.storeDir)} }`,
      config,
      "",
    ].join("\n");
    await writeFile(this.#configFile(), text, { mode: 0o600 });
  }

  async start(): Promise<void> {
    if (this.#child !== null) return;
    await mkdir(this.storeDir, { recursive: true });
    const [program = "", ...args] = diesWithUs([this.#place.binary, "-c", this.#configFile()]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#adopt(child);
    await this.#ready(child);
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  pause(): void {
    if (this.#child?.pid !== undefined) pauseProcess(this.#child.pid);
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async wipe(): Promise<void> {
    await this.stop();
    await rm(this.storeDir, { recursive: true, force: true });
    await this.start();
  }

  async remove(): Promise<void> {
    await this.kill();
    process.off("exit", this.#atExit);
    await rm(this.#place.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  #configFile(): string {
    return join(this.#place.folder, "nats.conf");
  }

  #adopt(child: ChildProcess): void {
    this.#child = child;
    this.#log = "";
    process.off("exit", this.#atExit);
    process.on("exit", this.#atExit);
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString("utf8")).slice(-LOG_TAIL_CHARS);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", (error) => keep(Buffer.from(`${error.message}\n`)));
    this.#exited = new Promise((resolve) => {
      const gone = (): void => {
        if (this.#child === child) this.#child = null;
        resolve(null);
      };
      // "close" comes after the last output; a program that could not be started only has "error".
      child.once("close", gone);
      child.once("error", gone);
    });
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (this.#child === child && performance.now() < deadline) {
      if (await answers(this.port)) return;
      await delay(PROBE_EVERY_MS);
    }
    const ended = this.#child !== child;
    await this.kill();
    const what = ended ? "ended while starting" : `did not answer within ${READY_WITHIN_MS} ms`;
    throw new Error(`${this.#place.binary} ${what}. It printed:\n${this.#log}`);
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill(signal);
    // A paused process only sees SIGTERM once it continues.
    child.kill("SIGCONT");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await this.#exited;
    clearTimeout(late);
  }
}

/** The command that the system ends when this process is killed without a chance to clean up; only Linux can. */
function diesWithUs(command: readonly string[]): readonly string[] {
  return existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", ...command] : command;
}

/** True where a NATS server greets on this port; it does so only once JetStream has recovered its streams. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [greeting] = (await once(socket, "data", { signal: AbortSignal.timeout(1_000) })) as [Buffer];
    return greeting.subarray(0, 5).toString("latin1") === "INFO ";
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
