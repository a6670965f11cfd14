/** A device with real podman, a real NATS server and the agent as a real process: what the stories of this folder use. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectNats } from "#nats/connect.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { startFeed, type Feed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { createWriter, type Writer } from "#nats/writer.ts";
import { createLogger } from "#runtime/logger.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { startPodmanDevice, type PodmanDevice } from "#sandbox/podman-device.ts";
import { startRegistry, type Registry } from "#sandbox/registry.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import type { BucketName } from "#schema/keys.ts";
import type { Service } from "#schema/score.ts";
import { deploymentStateSchema, type DeploymentState } from "#schema/wire.ts";

const GITFLEET = fileURLToPath(new URL("../../bin/gitfleet", import.meta.url));
const HTTP_LIMIT_MS = 1_000;
const AGENT_STOPS_WITHIN_MS = 12_000;
export const DEVICE_ID = "kiosk-0001";

/** A container as `podman ps` shows it. */
export interface Shown {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** A device of another name, a server with users. */
export interface RigOptions {
  readonly device?: string;
  readonly config?: string;
  /** The user of the rig itself. */
  readonly cloud?: Login;
}

/** A user of NATS. */
export interface Login {
  readonly user: string;
  readonly pass: string;
}

/** What an agent is started with besides the usual. */
export interface AgentOptions {
  readonly heartbeat?: string;
  readonly login?: Login;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Everything that one story needs. */
export class Rig {
  /** The device's name in the fleet. */
  readonly id: string;
  readonly nats: NatsServer;
  readonly device: PodmanDevice;
  readonly registry: Registry;
  readonly link: NatsLink;
  readonly writer: Writer;
  readonly scratch: Scratch;
  /** Every state that was written, in order; null for a deleted one. */
  readonly history: { readonly deployment: string; readonly state: DeploymentState | null }[] = [];
  /** What the buckets hold now, by bucket and key. */
  readonly held = new Map<string, FeedChange & { kind: "put" }>();
  readonly #feeds: Feed[];
  readonly #agents = new Set<ChildProcess>();
  readonly #wanted = new Set<string>();

  private constructor(parts: Pick<Rig, "nats" | "device" | "registry" | "link" | "scratch" | "id">) {
    this.id = parts.id;
    this.nats = parts.nats;
    this.device = parts.device;
    this.registry = parts.registry;
    this.link = parts.link;
    this.scratch = parts.scratch;
    this.writer = createWriter(parts.link);
    this.#feeds = (["device-state", "device-info", "device-heartbeat"] as const).map((bucket) => this.#follow(bucket));
  }

  static async start(name: string, { device: id = DEVICE_ID, config, cloud }: RigOptions = {}): Promise<Rig> {
    const scratch = scratchFolder(`agent-${name}`);
    const [nats, registry] = await Promise.all([
      startNatsServer(config === undefined ? {} : { config }),
      startRegistry(),
    ]);
    const device = await startPodmanDevice({ name, network: "own", registries: [registry] });
    const logger = createLogger({ name: "rig", level: "error" });
    const link = await connectNats(natsOptionsSchema.parse({ servers: withLogin(nats.url, cloud) }), {
      name: "rig",
      logger,
      waitMs: 10_000,
    });
    await ensureBuckets(link, { replicas: 1 });
    return new Rig({ nats, registry, device, link, scratch, id });
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#agents].map(async (agent) => await this.kill(agent)));
    await Promise.all(this.#feeds.map(async (feed) => await feed.stop()));
    this.writer.close();
    await this.link.close();
    await this.device.remove();
    await Promise.all([this.nats.remove(), this.registry.remove()]);
    this.scratch.remove();
  }

  /** Starts the agent as its own process. Its log is in the scratch folder. */
  startAgent(options: AgentOptions = {}): ChildProcess {
    const args = [
      "agent",
      "--device-id",
      this.id,
      "--nats",
      withLogin(this.nats.url, options.login),
      "--podman",
      this.device.socketPath,
      "--state-dir",
      this.stateDir,
    ];
    const quick = [
      "--stable-for",
      "1s",
      "--heartbeat-interval",
      options.heartbeat ?? "1s",
      "--resync-interval",
      "5s",
      "--log-level",
      "debug",
    ];
    const agent = spawn(GITFLEET, [...args, ...quick, ...(options.args ?? [])], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...options.env },
    });
    agent.stderr.pipe(createWriteStream(this.logPath, { flags: "a" }));
    this.#agents.add(agent);
    return agent;
  }

  get stateDir(): string {
    return join(this.scratch.path, "state");
  }

  get logPath(): string {
    return join(this.scratch.path, "agent.log");
  }

  log(): string {
    return readFileSync(this.logPath, "utf8");
  }

  /** SIGKILL: nothing can be tidied up. */
  async kill(agent: ChildProcess): Promise<void> {
    await this.#end(agent, "SIGKILL");
  }

  /** SIGTERM; gives the exit code. */
  async stop(agent: ChildProcess): Promise<number | null> {
    return await this.#end(agent, "SIGTERM");
  }

  async #end(agent: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.#agents.delete(agent);
    if (agent.exitCode === null && agent.signalCode === null) {
      const exited = once(agent, "exit");
      agent.kill(signal);
      const late = setTimeout(() => agent.kill("SIGKILL"), AGENT_STOPS_WITHIN_MS);
      await exited;
      clearTimeout(late);
    }
    return agent.exitCode;
  }

  /** Writes what the device should run, as the reconciler does; gives the digest. */
  async want(deployment: string, services: readonly Service[]): Promise<void> {
    await this.wantText(deployment, JSON.stringify({ type: "PodmanV0", data: { services } }));
  }

  async wantText(deployment: string, value: string): Promise<void> {
    this.#wanted.add(deployment);
    await this.#write({ bucket: "desired-state", key: `${this.id}.${deployment}`, value });
  }

  /** The delete marker of the contract. */
  async unwant(deployment: string): Promise<void> {
    await this.#write({ bucket: "desired-state", key: `${this.id}.${deployment}`, kind: "delete" });
  }

  async #write(write: Parameters<Writer["write"]>[0]): Promise<void> {
    await until(`${write.key} is written`, async () => (await this.writer.write(write)).kind === "written");
  }

  /** The state of a deployment as the bucket holds it now, or null. */
  state(deployment: string): DeploymentState | null {
    return parseState(this.held.get(`device-state/state.${this.id}.${deployment}`));
  }

  /** Waits for a phase of the value that was written last. */
  async phase(deployment: string, phase: DeploymentState["phase"], limitMs = 40_000): Promise<DeploymentState> {
    return await until(
      `${deployment} is ${phase}; the bucket says ${JSON.stringify(this.state(deployment))}; log: ${this.logPath}`,
      () => (this.state(deployment)?.phase === phase ? this.state(deployment) : null),
      { limitMs },
    ).catch((error: unknown) => {
      throw new Error(
        `${deployment} did not become ${phase} but ${JSON.stringify(this.state(deployment))}\n${this.log().slice(-6_000)}`,
        { cause: error },
      );
    });
  }

  /** Everything that earlier stories left: containers, the agent's memory, wishes. Each story begins small. */
  async clear(): Promise<void> {
    await this.device.podman("rm", "--all", "--force", "--time", "0");
    rmSync(this.stateDir, { recursive: true, force: true });
    await this.unwantAll();
  }

  /** A delete marker for everything that was wanted so far. */
  async unwantAll(): Promise<void> {
    for (const deployment of this.#wanted) await this.unwant(deployment);
    this.#wanted.clear();
  }

  /** Writes a value and waits until this very value has the phase. */
  async rollOut(
    deployment: string,
    services: readonly Service[],
    phase: DeploymentState["phase"] = "Running",
  ): Promise<DeploymentState> {
    const before = this.state(deployment)?.desired_digest;
    await this.want(deployment, services);
    await until(
      `${deployment} has heard of its new value`,
      () => this.state(deployment) !== null && this.state(deployment)?.desired_digest !== before,
      { limitMs: 30_000 },
    ).catch((error: unknown) => {
      throw new Error(`nothing heard of ${deployment}\n${this.log().slice(-6_000)}`, { cause: error });
    });
    return await this.phase(deployment, phase);
  }

  /** What a published port answers, or null. */
  async get(port: number): Promise<string | null> {
    try {
      const answer = await fetch(`http://${this.device.address}:${port}/`, {
        signal: AbortSignal.timeout(HTTP_LIMIT_MS),
        headers: { connection: "close" },
      });
      return await answer.text();
    } catch {
      return null;
    }
  }

  async answers(port: number, text: string, limitMs = 20_000): Promise<void> {
    await until(`port ${port} answers ${text}`, async () => (await this.get(port))?.trim() === text, { limitMs });
  }

  /** All containers whose name begins with the deployment's, sorted by name. */
  async containers(deployment: string): Promise<Shown[]> {
    const rows = JSON.parse(await this.device.podman("ps", "--all", "--format", "json")) as {
      Id: string;
      Names: string[];
      State: string;
    }[];
    return rows
      .map(({ Id, Names, State }) => ({ id: Id, name: Names[0] ?? "", state: State }))
      .filter(({ name }) => name.startsWith(`${deployment}_`))
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  async container(name: string): Promise<Shown> {
    return await until(`container ${name} exists`, async () =>
      (await this.containers(name.split("_")[0]!)).find((one) => one.name === name),
    );
  }

  #follow(bucket: BucketName): Feed {
    return startFeed(
      this.link,
      { bucket },
      {
        change: (change) => {
          const key = `${bucket}/${change.key}`;
          if (change.kind === "put") this.held.set(key, change);
          else this.held.delete(key);
          if (bucket === "device-state")
            this.history.push({
              deployment: change.key.split(".")[2] ?? "",
              state: change.kind === "put" ? parseState(change) : null,
            });
        },
        synced: () => {},
        unsynced: () => {},
      },
    );
  }
}

function parseState(change: (FeedChange & { kind: "put" }) | undefined): DeploymentState | null {
  return change === undefined ? null : deploymentStateSchema.parse(JSON.parse(new TextDecoder().decode(change.value)));
}

function withLogin(url: string, login: Login | undefined): string {
  return login === undefined ? url : url.replace("//", `//${login.user}:${login.pass}@`);
}
