/** A device with real podman whose agent is the bundle that people install, and whose every byte to NATS is counted. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { connect } from "#cli/nats-session.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { startFeed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { purgeKey } from "#nats/purge.ts";
import { createWriter } from "#nats/writer.ts";
import { AGENT_NODE_FLAGS } from "#release/agent-flags.ts";
import { bundleAgent } from "#release/bundle.ts";
import { packageRoot } from "#runtime/package-root.ts";
import type { UndoStack } from "#sandbox/local-fleet.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import { startPodmanDevice } from "#sandbox/podman-device.ts";
import { startRegistry } from "#sandbox/registry.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { startTcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";

const DEVICE = "kiosk-0001";
const RUNNING_WITHIN_MS = 180_000;
const PORT_FIRST = 8_100;

/** From the start of the process. */
export interface StartMs {
  readonly first: number;
  readonly all: number;
}

/** A device with an agent that can be started again. */
export interface IdleDevice {
  /** Starts the agent anew; how long until it has looked at deployments and told NATS of the first, and of all. */
  start(): Promise<StartMs>;
  pid(): number;
  /** Between agent and NATS so far, both ways, above TCP. */
  bytes(): number;
}

/** Everything runs when it resolves. */
export async function startIdleDevice(deployments: number, undo: UndoStack, signal: AbortSignal): Promise<IdleDevice> {
  const scratch = scratchFolder("idle");
  undo.add("files", () => scratch.remove());
  const nats = await startNatsServer();
  undo.add("NATS", async () => await nats.remove());
  const registry = await startRegistry();
  undo.add("the registry", async () => await registry.remove());
  const podman = await startPodmanDevice({ name: "idle", network: "own", registries: [registry] });
  undo.add("the device", async () => await podman.remove());
  const proxy = await startTcpProxy(nats.port);
  undo.add("the proxy", async () => await proxy.close());
  const link = await connect(natsOptionsSchema.parse({ servers: [nats.url] }), signal);
  undo.add("the connection", async () => await link.close());
  await ensureBuckets(link, { replicas: 1 });
  const image = registry.ref("web:1");
  await want(
    link,
    Array.from({ length: deployments }, (_, at) => ({ name: `d${at}`, image, port: PORT_FIRST + at })),
  );
  const told = followReports(link, undo);
  const bundle = join(scratch.path, "agent.cjs");
  await bundleAgent({ root: packageRoot(), out: bundle });
  const settings = ["--device-id", DEVICE, "--heartbeat-interval", "60s", "--state-dir", join(scratch.path, "state")];
  const places = ["--nats", `nats://127.0.0.1:${proxy.port}`, "--podman", podman.socketPath];
  const agent = new Agent([...AGENT_NODE_FLAGS, bundle, "agent", ...settings, ...places], join(scratch.path, "log"));
  undo.add("the agent", async () => await agent.stop());
  const start = async (): Promise<StartMs> => {
    await agent.stop();
    // Without its last reports in the bucket the agent has to make them anew: then everybody sees that it has looked.
    await purgeKey(link, { bucket: "device-state", key: ">" });
    told.atMs.clear();
    const fromMs = performance.now();
    agent.start();
    const all = (): boolean => told.atMs.size === deployments;
    await until("every deployment is told to run", all, { limitMs: RUNNING_WITHIN_MS });
    const tookMs = [...told.atMs.values()].map((atMs) => atMs - fromMs);
    return { first: Math.min(...tookMs), all: Math.max(...tookMs) };
  };
  // The first start pulls the image and makes the containers; it does not count.
  await start();
  return { start, pid: () => agent.pid(), bytes: () => proxy.bytes() };
}

/** Node with nothing to do: how soon its first line runs, and what it holds then. Ends with the undo. */
export async function startBareNode(undo: UndoStack): Promise<{ readonly pid: number; readonly readyMs: number }> {
  const program = "process.stdout.write('.'); setInterval(() => {}, 1e6)";
  const fromMs = performance.now();
  const child = spawn(process.execPath, [...AGENT_NODE_FLAGS, "--eval", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  undo.add("bare Node", () => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, readyMs: performance.now() - fromMs };
}

async function want(
  link: NatsLink,
  wanted: readonly { readonly name: string; readonly image: string; readonly port: number }[],
): Promise<void> {
  const writer = createWriter(link);
  for (const { name, image, port } of wanted) {
    const services = [{ name: "web", image, ports: [`${port}:80`] }];
    const value = JSON.stringify({ type: "PodmanV0", data: { services } });
    const result = await writer.write({ bucket: "desired-state", key: `${DEVICE}.${name}`, value });
    if (result.kind !== "written") throw new Error(`${name} could not be written: ${result.kind}`);
  }
  writer.close();
}

/** The deployments that are told to run, by key, and when that was heard. */
function followReports(link: NatsLink, undo: UndoStack): { readonly atMs: Map<string, number> } {
  const told = { atMs: new Map<string, number>() };
  const handlers = { synced: () => undefined, unsynced: () => undefined };
  const feed = startFeed(
    link,
    { bucket: "device-state" },
    {
      ...handlers,
      change: (change) => {
        if (change.kind !== "put" || !Buffer.from(change.value).includes('"phase":"Running"')) return;
        told.atMs.set(change.key, performance.now());
      },
    },
  );
  undo.add("the reports", async () => await feed.stop());
  return told;
}

class Agent {
  readonly #words: readonly string[];
  readonly #log: string;
  #child: ChildProcess | null = null;

  constructor(words: readonly string[], log: string) {
    this.#words = words;
    this.#log = log;
  }

  pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(): void {
    const log = openSync(this.#log, "a");
    this.#child = spawn(process.execPath, [...this.#words], { stdio: ["ignore", log, log] });
    closeSync(log);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}
