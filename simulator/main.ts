/** Devices that answer like agents at the wire, without containers: many in one process. */
import { sha256Digest } from "#fleet/digest.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { startFeed, type Feed, type FeedChange } from "#nats/feed.ts";
import { createOutbox, type Outbox } from "#nats/outbox.ts";
import { sleep, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { canonicalJson } from "#schema/canonical-json.ts";
import {
  heartbeatKey,
  infoKey,
  parseDesiredKey,
  parseStateKey,
  stateKey,
  type BucketName,
  type DevicePair,
} from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import { deploymentStateSchema, type DeploymentState } from "#schema/wire.ts";
import type { SimulatorSettings } from "./config.ts";
import { HeartbeatTurns } from "./heartbeats.ts";
import { SimulatedFleet, type Report } from "./simulated-fleet.ts";
import { Throttle } from "./throttle.ts";
export { settings } from "./config.ts";

/** One device to be. */
export interface SimulatedDevice {
  readonly id: DeviceId;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the simulator is given beside its settings. */
export interface SimulatorWorld {
  readonly devices: readonly SimulatedDevice[];
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly stdout: (text: string) => void;
}

type Message = { readonly bucket: BucketName; readonly key: string; readonly text: string | null };

const TICK_MS = 50;
const FAREWELL_MS = 3_000;
const KEYS_PER_DEVICE = 64;

/** Runs until the signal aborts, then prints one line that sums it up. */
export async function run(settings: SimulatorSettings, world: SimulatorWorld): Promise<number> {
  const { logger, signal, devices, stdout } = world;
  const link = await connectNats(settings.nats, { name: "gitfleet simulate", logger, signal });
  try {
    await ensureBuckets(link, { replicas: settings.replicas });
    const simulation = new Simulation(link, settings, devices);
    simulation.start();
    logger.info({ devices: devices.length }, "simulating devices");
    while (!signal.aborted) {
      simulation.tick(systemClock.nowMs());
      await sleep(TICK_MS, signal);
    }
    stdout(`${await simulation.stop()}\n`);
    return 0;
  } finally {
    await link.close();
  }
}

class Simulation {
  readonly #link: NatsLink;
  readonly #devices: readonly SimulatedDevice[];
  readonly #ids: ReadonlySet<DeviceId>;
  readonly #fleet: SimulatedFleet;
  readonly #turns: HeartbeatTurns;
  readonly #throttle: Throttle<Message>;
  readonly #outbox: Outbox;
  /** Pairs to look at, and from when on. */
  readonly #lookAt = new Map<string, { readonly pair: DevicePair; readonly fromMs: number }>();
  #feeds: readonly Feed[] = [];
  /** Until then it is not known what was said before: nothing is said about pairs. */
  #statesKnown = false;
  #messages = 0;

  constructor(link: NatsLink, settings: SimulatorSettings, devices: readonly SimulatedDevice[]) {
    this.#link = link;
    this.#devices = devices;
    this.#ids = new Set(devices.map(({ id }) => id));
    this.#fleet = new SimulatedFleet({
      delayMs: settings.delay,
      failPercent: settings.failPercent,
      seed: settings.seed,
    });
    this.#turns = new HeartbeatTurns({ devices: devices.length, everyMs: settings.heartbeatInterval });
    this.#throttle = new Throttle(settings.rate ?? null);
    this.#outbox = createOutbox(link, { maxKeys: Math.max(4_096, devices.length * KEYS_PER_DEVICE) });
  }

  // States are followed too: what the bucket already holds is not written again, and what it loses is.
  start(): void {
    const nowMs = systemClock.nowMs();
    for (const device of this.#devices) {
      this.#say("device-info", infoKey(device.id), infoText(device, nowMs));
      // As an agent does: nobody is offline until its turn comes.
      this.#heartbeat(device, nowMs);
    }
    this.#feeds = [
      this.#follow(
        "device-state",
        (change) => this.#learnState(change),
        () => (this.#statesKnown = true),
      ),
      this.#follow("desired-state", (change) => this.#learnDesired(change)),
      this.#follow("device-info", (change) => this.#learnInfo(change)),
    ];
  }

  tick(nowMs: number): void {
    for (const index of this.#turns.due(nowMs)) this.#heartbeat(this.#devices[index], nowMs);
    const due = this.#statesKnown ? [...this.#lookAt].filter(([, { fromMs }]) => fromMs <= nowMs) : [];
    for (const [key, { pair }] of due) {
      this.#lookAt.delete(key);
      const { report, againInMs } = this.#fleet.step(pair, nowMs);
      if (report !== null) this.#say("device-state", report.key, reportText(report, nowMs));
      if (againInMs !== null) this.#lookAt.set(key, { pair, fromMs: nowMs + againInMs });
    }
    for (const message of this.#throttle.take(nowMs)) this.#send(message);
  }

  /** Stops and says what it was. */
  async stop(): Promise<string> {
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
    await this.#outbox.idle(FAREWELL_MS);
    this.#outbox.stop();
    const { Running, Pending, Failed } = this.#fleet.counts();
    return (
      `simulated ${this.#devices.length} devices: ${this.#messages} messages sent; ` +
      `${Running} running, ${Pending} pending, ${Failed} failed`
    );
  }

  #follow(bucket: BucketName, learn: (change: FeedChange) => DevicePair | null, synced: () => void = () => {}): Feed {
    const change = (one: FeedChange): void => {
      const pair = this.#isOurs(one.key) ? learn(one) : null;
      if (pair !== null) this.#lookAt.set(stateKey(pair), { pair, fromMs: 0 });
    };
    return startFeed(this.#link, { bucket }, { change, synced, unsynced: () => {} });
  }

  #learnState(change: FeedChange): DevicePair | null {
    const pair = parseStateKey(change.key);
    if (pair === null) return null;
    if (change.kind === "absent") this.#fleet.lose(pair);
    else this.#fleet.show(pair, change.kind === "put" ? stateOf(change.value) : null);
    return pair;
  }

  // Absence is never an intent: only a marker stops a deployment.
  #learnDesired(change: FeedChange): DevicePair | null {
    const pair = parseDesiredKey(change.key);
    if (pair === null || change.kind === "absent") return null;
    this.#fleet.want(pair, change.kind === "put" ? sha256Digest(change.value) : null);
    return pair;
  }

  // A bucket that lost what a device is gets it again.
  #learnInfo(change: FeedChange): null {
    const device = change.kind === "absent" ? this.#devices.find(({ id }) => infoKey(id) === change.key) : undefined;
    if (device !== undefined) this.#say("device-info", change.key, infoText(device, systemClock.nowMs()));
    return null;
  }

  // Before the pair is parsed: most keys of a large fleet belong to others.
  #isOurs(key: string): boolean {
    const [first = "", second = ""] = key.split(".", 2);
    return this.#ids.has((first === "state" || first === "info" ? second : first) as DeviceId);
  }

  #heartbeat(device: SimulatedDevice | undefined, nowMs: number): void {
    if (device === undefined) return;
    const text = JSON.stringify({ device_id: device.id, at: wireTime(nowMs) });
    this.#say("device-heartbeat", heartbeatKey(device.id), text);
  }

  #say(bucket: BucketName, key: string, text: string | null): void {
    this.#throttle.add(`${bucket} ${key}`, { bucket, key, text });
  }

  #send({ bucket, key, text }: Message): void {
    this.#messages += 1;
    if (text === null) this.#outbox.delete(bucket, key);
    else this.#outbox.put(bucket, key, text);
  }
}

function infoText({ id, labels }: SimulatedDevice, nowMs: number): string {
  const inventory = {
    hostname: id,
    arch: "x86_64",
    os: "linux",
    kernel: "6.1.0",
    cpu_cores: 4,
    memory_mb: 4_096,
    disk_mb: 32_000,
    agent_version: "0.1.0-simulated",
  };
  return canonicalJson({ device_id: id, labels, inventory, updated_at: wireTime(nowMs) });
}

function reportText({ pair, phase, digest, error }: Report, nowMs: number): string | null {
  if (phase === null) return null;
  return canonicalJson({
    device_id: pair.device,
    deployment: pair.deployment,
    phase,
    last_event_at: wireTime(nowMs),
    last_error: error,
    desired_digest: digest ?? undefined,
  });
}

function stateOf(value: Uint8Array): DeploymentState | null {
  try {
    return deploymentStateSchema.safeParse(JSON.parse(new TextDecoder().decode(value))).data ?? null;
  } catch {
    return null;
  }
}
