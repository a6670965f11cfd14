/** A shop with a fleet: a model of GitHub, NATS, a reconciler, devices that answer as they are told, and status bots. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Digest } from "#fleet/digest.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { startFeed, type Feed, type FeedChange } from "#nats/feed.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { createOutbox, type Outbox } from "#nats/outbox.ts";
import { run as runReconciler, settings as reconcilerSettings } from "#reconciler/main.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { GithubModel, GithubModelOptions } from "#sandbox/github-model/github-model.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { until } from "#sandbox/until.ts";
import { canonicalJson } from "#schema/canonical-json.ts";
import { heartbeatKey, parseDesiredKey, stateKey, type DevicePair } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import { run as runBot, settings as botSettings } from "#status-bot/main.ts";
import { startCheckedGithubModel } from "../github-model/checked-model.ts";

const BOT = fileURLToPath(new URL("./bot-process.ts", import.meta.url));
const HEARTBEAT_EVERY_MS = 300;

/** What a device does with a value: runs it, fails with an error, says nothing, or is away altogether. */
export type Answer = "runs" | { readonly fails: string } | "silent" | "away";

/** A running bot. */
export interface Bot {
  /** Ends it cleanly. */
  stop(): Promise<void>;
}

/** A bot in a process of its own. */
export interface BotProcess extends Bot {
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  log(): string;
}

export interface ShopOptions extends Omit<GithubModelOptions, "inspector"> {
  /** Device ids. */
  readonly devices?: readonly string[];
  /** More of fleet.yaml's spec, as YAML lines with two spaces before each. */
  readonly fleet?: string;
}

export class Shop {
  readonly github: GithubModel;
  readonly nats: NatsServer;
  readonly link: NatsLink;
  /** What each device does; those not named run everything. */
  readonly answers = new Map<string, (pair: DevicePair) => Answer>();
  readonly #devices: readonly string[];
  readonly #outbox: Outbox;
  readonly #wanted = new Map<string, { pair: DevicePair; digest: string }>();
  readonly #stops: { readonly name: string; readonly stop: () => Promise<unknown> | void }[] = [];
  readonly #feeds: readonly Feed[];
  #record: ReconcilerRecord | null = null;

  private constructor(github: GithubModel, nats: NatsServer, link: NatsLink, devices: readonly string[]) {
    this.github = github;
    this.nats = nats;
    this.link = link;
    this.#devices = devices;
    this.#outbox = createOutbox(link);
    const quiet = { synced: () => {}, unsynced: () => {} };
    this.#feeds = [
      startFeed(link, { bucket: "desired-state" }, { ...quiet, change: (change) => this.#learn(change) }),
      startFeed(
        link,
        { bucket: "fleet", filter: "reconciler" },
        { ...quiet, change: (change) => this.#learnRecord(change) },
      ),
    ];
    const timer = setInterval(() => this.#heartbeats(), HEARTBEAT_EVERY_MS);
    this.#stops.push({ name: "heartbeats", stop: () => clearInterval(timer) });
    this.#heartbeats();
  }

  /** A fleet of `devices` without any deployment, on main. */
  static async open(options: ShopOptions = {}): Promise<Shop> {
    const { devices = ["kiosk-1", "kiosk-2", "kiosk-3"], fleet = "", ...model } = options;
    const github = await startCheckedGithubModel(model);
    const nats = await startNatsServer();
    const link = await connectNats(natsOptionsSchema.parse({ servers: nats.url }), {
      name: "shop",
      logger: silentLogger,
    });
    await ensureBuckets(link, { replicas: 1 });
    const shop = new Shop(github, nats, link, devices);
    await github.push({
      files: { "fleet.yaml": fleetYaml(fleet), "devices/all.yaml": devicesYaml(devices) },
      message: "Begin",
    });
    return shop;
  }

  /** Ends everything, the last started first. A part that does not end is named. */
  async close(): Promise<void> {
    for (const { name, stop } of this.#stops.toReversed()) await within(name, stop());
    this.#outbox.stop();
    for (const feed of this.#feeds) await within("a feed", feed.stop());
    await within("the devices' link", this.link.close());
    await within("the NATS server", this.nats.remove());
    await within("the model of GitHub", this.github.stop());
  }

  /** Starts the reconciler; it ends with the shop, or when the returned function is called. */
  reconcile(): () => Promise<void> {
    const settings = reconcilerSettings.parse({
      repo: this.github.gitPath,
      pollInterval: "100ms",
      listen: "off",
      nats: { servers: this.nats.url },
    });
    return this.#daemon("the reconciler", (signal) =>
      runReconciler(settings, { signal, logger: silentLogger, stdout: () => {} }),
    );
  }

  /** Starts a bot in this process. */
  bot(given: Record<string, unknown> = {}, stdout: (text: string) => void = () => {}): Bot {
    const settings = botSettings.parse(this.botSettings(given));
    return { stop: this.#daemon("a bot", (signal) => runBot(settings, { signal, logger: silentLogger, stdout })) };
  }

  /** Starts a bot in a process of its own. */
  botProcess(given: Record<string, unknown> = {}): BotProcess {
    const child = spawn(process.execPath, [BOT, JSON.stringify(this.botSettings(given))], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const bot = botProcessOf(child);
    this.#stops.push({ name: "a bot process", stop: () => bot.kill() });
    return bot;
  }

  botSettings(given: Record<string, unknown>): Record<string, unknown> {
    return {
      repo: this.github.gitUrl,
      github: this.github.fullName,
      githubUrl: this.github.url,
      githubToken: this.github.token,
      pollInterval: "200ms",
      listen: "off",
      nats: { servers: this.nats.url },
      ...given,
    };
  }

  /** A file with a secret, gone with the shop. */
  async secretFile(name: string, text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "gitfleet-secret-"));
    this.#stops.push({ name: "a secret", stop: () => rm(folder, { recursive: true, force: true }) });
    await writeFile(join(folder, name), `${text}\n`, { mode: 0o600 });
    return join(folder, name);
  }

  /** A port that nobody listens on. */
  async freePort(): Promise<number> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, "close");
    return port;
  }

  /** Says again what a device should say by now, after `answers` changed. */
  answerAgain(): void {
    for (const { pair, digest } of this.#wanted.values()) this.#answer(pair, digest);
  }

  /** The comment of the bot on a pull request, once there is one that `holds`. */
  comment(pull: number, holds: (body: string) => boolean = () => true): Promise<string> {
    return until(
      `a comment on #${pull}: ${this.github.commentsOf(pull).at(-1)?.body ?? "none yet"}`,
      () => this.github.commentsOf(pull).find(({ body }) => body.startsWith("<!-- gitfleet") && holds(body))?.body,
    );
  }

  /** The description of a status, once it is in this state. */
  async status(commit: string, context: "validate" | "rollout", state: string): Promise<string> {
    let seen = "none";
    try {
      return await until(`${context} of ${commit} to be ${state}`, () => {
        const status = this.github.statusesOf(commit).find((one) => one.context === `gitfleet/${context}`);
        seen = status === undefined ? "none" : `${status.state}: ${status.description}`;
        return status?.state === state ? (status.description ?? "") : null;
      });
    } catch (cause) {
      throw new Error(`${context} of ${commit} is ${seen}, not ${state}`, { cause });
    }
  }

  /** Resolves when the reconciler has applied a commit. */
  async applied(commit: string): Promise<void> {
    await until(`${commit} to be applied`, () => this.#record?.applied === commit);
  }

  /** A file of the status branch, once there is one that `holds`. */
  statusFile(path: string, holds: (text: string) => boolean = () => true): Promise<string> {
    return until(`${path} on the status branch`, async () => {
      const text = await this.github.fileAt("fleet-status", path);
      return text !== null && holds(text) ? text : null;
    });
  }

  #daemon(name: string, start: (signal: AbortSignal) => Promise<unknown>): () => Promise<void> {
    const stop = new AbortController();
    const ended = start(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await ended;
    };
    this.#stops.push({ name, stop: end });
    return end;
  }

  #learn(change: FeedChange): void {
    const pair = parseDesiredKey(change.key);
    if (pair === null) return;
    if (change.kind === "put") {
      const digest = sha256Digest(change.value);
      this.#wanted.set(change.key, { pair, digest });
      this.#answer(pair, digest);
    } else {
      this.#wanted.delete(change.key);
      if (this.#answerOf(pair) !== "away") this.#outbox.delete("device-state", stateKey(pair));
    }
  }

  #learnRecord(change: FeedChange): void {
    if (change.kind !== "put") return;
    this.#record = JSON.parse(new TextDecoder().decode(change.value)) as ReconcilerRecord;
  }

  #answerOf(pair: DevicePair): Answer {
    return this.answers.get(pair.device)?.(pair) ?? "runs";
  }

  #answer(pair: DevicePair, digest: string): void {
    const answer = this.#answerOf(pair);
    if (answer === "silent" || answer === "away") return;
    const state = {
      device_id: pair.device,
      deployment: pair.deployment,
      phase: answer === "runs" ? "Running" : "Failed",
      last_event_at: wireTime(Date.now()),
      last_error: answer === "runs" ? null : answer.fails,
      desired_digest: digest,
    };
    this.#outbox.put("device-state", stateKey(pair), canonicalJson(state));
  }

  #heartbeats(): void {
    const at = wireTime(Date.now());
    for (const device of this.#devices) {
      const pair = { device, deployment: "" } as unknown as DevicePair;
      if (this.#answerOf(pair) === "away") continue;
      this.#outbox.put("device-heartbeat", heartbeatKey(device as DeviceId), canonicalJson({ device_id: device, at }));
    }
  }
}

const END_WITHIN_MS = 15_000;

async function within(name: string, ended: Promise<unknown> | void): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${name} did not end within ${END_WITHIN_MS} ms`)),
    END_WITHIN_MS,
  );
  await Promise.race([ended, late.promise]).finally(() => clearTimeout(timer));
}

function botProcessOf(child: ChildProcess): BotProcess {
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  const exited = once(child, "exit");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return { stop: () => end("SIGTERM"), kill: () => end("SIGKILL"), log: () => log };
}

function fleetYaml(more: string): string {
  return [
    "apiVersion: gitfleet.dev/v1alpha1",
    "kind: Fleet",
    "metadata: {name: shop}",
    "spec:",
    "  status: {interval: 1s}",
    more,
    "",
  ].join("\n");
}

function devicesYaml(ids: readonly string[]): string {
  return ids
    .map(
      (id) =>
        `apiVersion: gitfleet.dev/v1alpha1\nkind: Device\nmetadata: {name: ${id}, labels: {role: kiosk}}\nspec: {}\n`,
    )
    .join("---\n");
}

/** A deployment of one service on every kiosk, or on those with other labels. */
export function deploymentYaml(name: string, image: string, more: { match?: string; service?: string } = {}): string {
  return [
    "apiVersion: gitfleet.dev/v1alpha1",
    "kind: Deployment",
    `metadata: {name: ${name}}`,
    "spec:",
    `  targetSelector: {matchLabels: {${more.match ?? "role: kiosk"}}}`,
    "  score:",
    "    type: PodmanV0",
    "    data:",
    "      services:",
    `        - {name: main, image: "${image}"${more.service === undefined ? "" : `, ${more.service}`}}`,
    "",
  ].join("\n");
}
