/** A complete fleet on this machine: repository, NATS, reconciler, an agent on real podman, simulated devices; with a forge, its bot. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createFleetRepository, REAL_DEVICE, type FleetRepository } from "./fleet-repository.ts";
import { freePort } from "./free-port.ts";
import { startGitfleet, type GitfleetProcess, type GitfleetProcessOptions } from "./gitfleet-process.ts";
import { startLocalForge, type LocalForge } from "./local-forge.ts";
import { startNatsServer, type NatsServer } from "./nats-server.ts";
import { startPodmanDevice, type PodmanDevice } from "./podman-device.ts";
import { startRegistry, type Registry } from "./registry.ts";
import { scratchFolder } from "./scratch.ts";

const PORT_PREFERRED = 8080;
/** Nobody wants to watch a demo for the usual half minute until a device is seen. */
const HEARTBEAT = ["--heartbeat-interval", "2s"];

/** With webhooks a poll is only for what was lost. */
const FORGE_POLL = ["--poll-interval", "5s"];

/** All parts, running. */
export interface LocalFleet {
  readonly folder: string;
  /** Where there is a forge, its commits are pushed there. */
  readonly repository: FleetRepository;
  readonly forge: LocalForge | null;
  readonly nats: NatsServer;
  readonly registry: Registry;
  readonly device: PodmanDevice;
  readonly reconciler: GitfleetProcess;
  readonly agent: GitfleetProcess;
  readonly simulator: GitfleetProcess | null;
  /** The status bot, where there is a forge. */
  readonly bot: GitfleetProcess | null;
  /** Of the reconciler's /metrics. */
  readonly metricsPort: number;
  /** Free for the deployment of the real device. */
  readonly port: number;
  /** Every program of ours that runs. */
  readonly programs: readonly GitfleetProcess[];
}

/** How to start it. */
export interface LocalFleetOptions {
  /** Aborting it ends the start between two parts. */
  readonly signal?: AbortSignal;
  /** Called as each part begins; the function it gives is called when the part is there. */
  readonly progress?: (what: string) => (detail?: string) => void;
  readonly undo: UndoStack;
  /** `own` (default): the device has a network of its own; `host`: its ports answer on 127.0.0.1. */
  readonly network?: "own" | "host";
  readonly simulated?: boolean;
  /** True: the repository lives on a model of GitHub, which the reconciler follows and the status bot serves. */
  readonly forge?: boolean;
  readonly pollInterval?: string;
  /** More words for the agent. */
  readonly agentArgs?: readonly string[];
}

type Wrap = NonNullable<GitfleetProcessOptions["wrap"]>;

/** What was started and has to be ended, newest first; it survives an error half way. */
export class UndoStack {
  readonly #steps: { readonly what: string; readonly run: () => Promise<void> | void }[] = [];

  add(what: string, run: () => Promise<void> | void): void {
    this.#steps.push({ what, run });
  }

  /** Runs every step, also when one fails; gives what went wrong. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        failures.push(`${step.what}: ${String(error)}`);
      }
    }
    return failures;
  }
}

/** Starts all of it, part by part. What was started is on `undo`, also where this throws. */
export async function startLocalFleet(options: LocalFleetOptions): Promise<LocalFleet> {
  const { undo, signal, progress = () => () => undefined } = options;
  const {
    network = "own",
    simulated = true,
    forge: forged = false,
    pollInterval = "500ms",
    agentArgs: more = [],
  } = options;
  async function part<T>(what: string, start: () => Promise<T>, end?: (part: T) => Promise<void>): Promise<T> {
    signal?.throwIfAborted();
    const done = progress(what);
    const started = await start();
    if (end !== undefined) undo.add(what, async () => await end(started));
    done();
    return started;
  }
  const scratch = scratchFolder("fleet");
  undo.add("files", () => scratch.remove());
  const logFolder = join(scratch.path, "logs");
  mkdirSync(logFolder);
  const workingCopy = await part("a fleet repository from the template", async () =>
    createFleetRepository(join(scratch.path, "fleet")),
  );
  const forge = forged
    ? await part(
        "a forge: a model of GitHub with pull requests",
        async () => startLocalForge(workingCopy, scratch.path),
        async (one) => one.github.stop(),
      )
    : null;
  const nats = await part("NATS with JetStream", startNatsServer, async (server) => server.remove());
  const registry = await part("an image registry with test images", startRegistry, async (one) => one.remove());
  const device = await part(
    "a device: podman with containers of its own",
    async () => startPodmanDevice({ name: "demo", network, registries: [registry] }),
    async (one) => one.remove(),
  );
  await device.reach(nats.port);
  const program = async (name: string, what: string, args: readonly string[], wrap?: Wrap): Promise<GitfleetProcess> =>
    await part(
      what,
      async () => startGitfleet({ name, logFolder, args: [name, ...args, "--nats", nats.url], ...(wrap && { wrap }) }),
      async (one) => one.stop(),
    );
  const metricsPort = await freePort();
  const listen = ["--listen", `127.0.0.1:${metricsPort}`];
  const fromForge = (one: LocalForge): string[] => [
    "--repo",
    one.github.gitUrl,
    "--git-token-file",
    one.tokenFile,
    ...FORGE_POLL,
  ];
  const repo = forge === null ? ["--repo", workingCopy.path, "--poll-interval", pollInterval] : fromForge(forge);
  const reconciler = await program("reconciler", "the reconciler: git → NATS", [...repo, ...listen]);
  const stateDir = join(scratch.path, "agent");
  const who = ["--device-id", REAL_DEVICE, "--label", "role=demo", "--podman", device.socketPath];
  // The agent looks at the ports that its device publishes, so it has to live in the device's network.
  const onDevice: Wrap = (command, args) => device.enter(command, args);
  const agentArgs = [...who, "--state-dir", stateDir, ...HEARTBEAT, ...more];
  const agent = await program("agent", "the agent: NATS → podman", agentArgs, onDevice);
  const from = ["--from", workingCopy.path, "--except", REAL_DEVICE, "--delay", "500ms", ...HEARTBEAT];
  const simulator = simulated ? await program("simulate", "the simulated devices", from) : null;
  const startBot = async (one: LocalForge): Promise<GitfleetProcess> => {
    const botPort = await freePort();
    const hub = ["--github", one.github.fullName, "--github-url", one.github.url];
    const secret = ["--webhook-secret-file", one.webhookSecretFile, "--listen", `127.0.0.1:${botPort}`];
    for (const woken of [metricsPort, botPort]) one.wakes(woken);
    return await program("status-bot", "the status bot: NATS → git and pull requests", [
      ...fromForge(one),
      ...hub,
      ...secret,
    ]);
  };
  const bot = forge === null ? null : await startBot(forge);
  const port = await freePort(PORT_PREFERRED);
  const programs = [reconciler, agent, simulator, bot].filter((one) => one !== null);
  return {
    folder: scratch.path,
    repository: forge?.repository ?? workingCopy,
    forge,
    nats,
    registry,
    device,
    reconciler,
    agent,
    simulator,
    bot,
    metricsPort,
    port,
    programs,
  };
}
