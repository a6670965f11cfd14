/** One connection and the devices on it: they follow their keys and say what agents say, in the same moments. */
import { onBucketCreated } from "#nats/bucket-news.ts";
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { cutConnection } from "#nats/cut.ts";
import { Offerer } from "#nats/offer.ts";
import { createWriter, type Writer } from "#nats/writer.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { sleep } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { BUCKETS } from "#schema/keys.ts";
import { countedWriter } from "./counted-writer.ts";
import { INFO } from "./device-columns.ts";
import { followDesired, type Following } from "./following.ts";
import { messageOf, Outgoing, type Message } from "./outgoing.ts";
import { Sender, type Outcome } from "./sender.ts";
import type { World } from "./world.ts";

const WINDOW = 1_024;
const WINDOW_OF_ONE = 64;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 10_000;
/** As agents: a connection that is silently dead is given up after two to three of these pings. */
const HOW = { name: "gitfleet simulate", pingIntervalMs: 60_000 };
const DRAIN_LOOK_MS = 10;
/** As agents: what follows within the first is answered together, and not all answer in one moment. */
const SETTLE_MS = 500;
const SPREAD_MS = 2_000;
const FOLLOWED = [BUCKETS.desiredState, BUCKETS.deviceState, BUCKETS.deviceInfo, BUCKETS.deviceHeartbeat];

/** From this device up to, not including, that one. */
export interface DeviceRange {
  readonly from: number;
  readonly to: number;
}

/** What lives as long as one connection to NATS, which a restart of its only device ends. */
interface Line {
  readonly link: NatsLink;
  readonly writer: Writer;
  readonly sender: Sender;
  readonly followings: readonly Following[];
}

/** Opens, loses, regains and closes its connection; one that is not open says nothing. */
export class SimulatedConnection {
  readonly range: DeviceRange;
  readonly #world: World;
  readonly #outgoing = new Outgoing();
  readonly #toRetry = new Set<Message>();
  #line: Line | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #failures = 0;
  #pumping = false;
  #answering = false;
  #restarting = false;
  #quiet = false;

  constructor(world: World, range: DeviceRange) {
    this.#world = world;
    this.range = range;
  }

  /** Resolves when connected; by then the devices have begun. Throws NatsFailure where `signal` ends it first. */
  async open(): Promise<void> {
    const { settings, signal } = this.#world;
    // Each would tell of the same loss.
    const logger = settings.connections > 1 ? silentLogger : this.#world.logger;
    const link = await connectNats(settings.nats, { ...HOW, logger, signal });
    if (signal.aborted) {
      await link.close();
      return;
    }
    const isAlone = this.#size() === 1;
    const writer = countedWriter(createWriter(link, { window: isAlone ? WINDOW_OF_ONE : WINDOW }), this.#world);
    const sender = new Sender(this.#world, { writer, offerer: new Offerer(link, writer), say: this.#say });
    link.onStatus((connected) => (connected ? this.#linked() : undefined));
    onBucketCreated(link, FOLLOWED, () => void this.#bucketCreated());
    const lost = (device: number): void => {
      this.#doubt(device);
      this.#pumpSoon();
    };
    const followings = followDesired(link, this.#world, { range: this.range, look: this.#look, lost });
    this.#line = { link, writer, sender, followings };
    this.#linked();
  }

  /** Says something about a device or a pair as soon as there is room. */
  readonly #say = (message: Message): void => {
    this.#outgoing.add(message);
    this.#pumpSoon();
  };

  readonly #look = (pair: number): void => this.#say(messageOf("state", pair));

  say(message: Message): void {
    this.#say(message);
  }

  /** True while nothing is left to do: connected, everything known, everything said. */
  isWhole(): boolean {
    const line = this.#line;
    if (line === null || !line.link.connected()) return false;
    const isQuiet = this.#outgoing.waiting + this.#outgoing.sending + this.#toRetry.size === 0;
    return isQuiet && line.followings.every((following) => following.synced());
  }

  /** True while its devices are told of changes as they happen. */
  follows(): boolean {
    return this.#line?.followings.every((following) => following.follows()) ?? false;
  }

  connected(): boolean {
    return this.#line?.link.connected() ?? false;
  }

  /** The connection breaks, and comes back as it does after a failure of the network. */
  async cut(): Promise<void> {
    if (this.#line === null || !this.#line.link.connected()) return;
    this.#world.tally.cuts += 1;
    await cutConnection(this.#line.link);
  }

  /** The program of a device ends and starts. Where the connection is its own, that ends with it. */
  async restart(device: number): Promise<void> {
    if (this.#line === null || this.#restarting) return;
    this.#world.tally.restarts += 1;
    this.#world.columns.restart(device);
    if (this.#size() > 1) {
      this.#doubt(device);
      this.#say(messageOf("info", device));
      this.#say(messageOf("heartbeat", device));
      await this.#line.followings.find((following) => following.only === device)?.again();
      return;
    }
    this.#restarting = true;
    await this.close();
    if (!this.#world.signal.aborted) await this.open().catch((error: unknown) => this.#world.failed(error));
    this.#restarting = false;
  }

  /** Says nothing new, and waits for the answers to what was said, but not longer than the limit. */
  async drain(limitMs: number): Promise<void> {
    this.#quiet = true;
    const deadlineMs = performance.now() + limitMs;
    while (this.connected() && this.#outgoing.sending > 0 && performance.now() < deadlineMs) await sleep(DRAIN_LOOK_MS);
  }

  async stopFollowing(): Promise<void> {
    await Promise.all((this.#line?.followings ?? []).map(async (following) => following.stop()));
  }

  async close(): Promise<void> {
    await this.stopFollowing();
    const line = this.#line;
    this.#line = null;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    line?.writer.close();
    await line?.link.close();
  }

  /** Sends what may be sent now. */
  pump(): void {
    const line = this.#line;
    if (line === null || this.#quiet) return;
    const window = this.#size() === 1 ? WINDOW_OF_ONE : WINDOW;
    while (line.link.connected() && this.#outgoing.sending < window && this.#outgoing.waiting > 0) {
      if (!this.#world.mayStillSend()) {
        this.#world.starved.add(this);
        return;
      }
      const message = this.#outgoing.next();
      if (message !== null) this.#send(line.sender, message);
    }
  }

  #size(): number {
    return this.range.to - this.range.from;
  }

  // Many changes come in one go: they are answered together.
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.pump();
    });
  }

  #send(sender: Sender, message: Message): void {
    void sender.send(message).then((outcome) => this.#sent(message, outcome));
  }

  #sent(message: Message, outcome: Outcome): void {
    this.#outgoing.done(message);
    if (outcome === "retry") this.#retryLater(message);
    else this.#failures = 0;
    if (this.#outgoing.waiting > 0) this.#pumpSoon();
  }

  #retryLater(message: Message): void {
    this.#world.tally.retried += 1;
    this.#toRetry.add(message);
    if (this.#retryTimer !== null) return;
    this.#failures += 1;
    const pauseMs = backoffMs({ attempt: this.#failures, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, Math.random);
    this.#retryTimer = setTimeout(() => this.#retryNow(), pauseMs);
  }

  #retryNow(): void {
    this.#retryTimer = null;
    if (this.#toRetry.size === 0) return;
    const messages = [...this.#toRetry];
    this.#toRetry.clear();
    for (const message of messages) this.#say(message);
  }

  /** At the first connect as at every other: what the buckets may lack is offered. */
  #linked(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryNow();
    for (const following of this.#line?.followings ?? []) following.linked();
    for (let device = this.range.from; device < this.range.to; device += 1) {
      this.#doubt(device);
      if (this.#world.columns.beat[device] === 0) this.#outgoing.add(messageOf("heartbeat", device));
    }
    // At once, so that it goes together with what the followings ask.
    this.pump();
  }

  /** Notes that all is to be offered; who calls this has it sent. */
  #doubt(device: number): void {
    const { columns, fleet } = this.#world;
    for (const pair of fleet.doubt(device)) this.#outgoing.add(messageOf("state", pair));
    if (columns.info[device] === INFO.told) columns.info[device] = INFO.toOffer;
    this.#outgoing.add(messageOf("info", device));
  }

  async #bucketCreated(): Promise<void> {
    if (this.#answering) return;
    this.#answering = true;
    await sleep(SETTLE_MS + Math.random() * SPREAD_MS, this.#world.signal);
    this.#answering = false;
    if (this.#world.signal.aborted || this.#line === null) return;
    for (let device = this.range.from; device < this.range.to; device += 1) {
      this.#doubt(device);
      this.#say(messageOf("heartbeat", device));
    }
    await Promise.all(this.#line.followings.map(async (following) => following.again()));
  }
}
