/** Who may write: one holder at a time, by compare-and-set on one key and the server's clock alone. */
import { systemClock, type Clock } from "#runtime/clock.ts";
import { BUCKETS, RECONCILER_LEASE_KEY } from "#schema/keys.ts";
import { nuid } from "@nats-io/transport-node";
import { NatsFailure } from "./errors.ts";
import { startFeed, type Feed, type FeedChange } from "./feed.ts";
import { LeaseKey } from "./lease-key.ts";
import { LeaseSight } from "./lease-sight.ts";
import { HELD_SHARE, parseLease } from "./lease-value.ts";
import type { NatsLink } from "./link.ts";
import type { WriteResult } from "./writer.ts";

const DURATION_MS = 3_000;
const RENEWALS_PER_DURATION = 3;
const RETRY_MS = 100;
/** The holder is noticed to be gone by its silence, not by the feed; this is for the feed's own losses. */
const FEED_HEARTBEAT_MS = 500;

/** How a lease is held. */
export interface LeaseOptions {
  /** Who this is, for people: host and process. */
  readonly id: string;
  /** How long a lease lasts without renewal; 3,000 when left out. */
  readonly durationMs?: number;
  /** Headers on every message, such as `Gitfleet-Fleet`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  onAcquired(): void;
  /** No longer the holder; `reason` is for logs. */
  onLost(reason: string): void;
}

/** A try to hold the lease, for as long as it runs. */
export interface Lease {
  /** True while this process is certain to be the only holder. Ask right before every write: it is right at once after a freeze. */
  holds(): boolean;
  /** Who holds it, as far as is known here; null where nobody does. */
  holder(): string | null;
  /** Stops; hands over at once where it is the holder. */
  release(): Promise<void>;
}

/** Tries to get the lease, and to keep it, until `release`. */
export function startLease(link: NatsLink, options: LeaseOptions): Lease {
  const runner = new LeaseRunner(link, options);
  runner.start();
  return runner;
}

/** What this process holds: the revision that it wrote and until when it counts, by its own monotonic clock. */
interface Held {
  readonly revision: number;
  readonly untilMs: number;
}

class LeaseRunner implements Lease {
  readonly #link: NatsLink;
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #key: LeaseKey;
  readonly #sight: LeaseSight;
  #feed: Feed | null = null;
  #held: Held | null = null;
  #busy: Promise<void> = Promise.resolve();
  #acting = false;
  #lookAgain = false;
  #cancelStep: () => void = () => {};
  #cancelExpiry: () => void = () => {};
  readonly #released = new AbortController();
  #releasing: Promise<void> | null = null;

  constructor(link: NatsLink, options: LeaseOptions) {
    this.#link = link;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#durationMs = options.durationMs ?? DURATION_MS;
    const token = nuid.next();
    this.#sight = new LeaseSight(token);
    this.#key = new LeaseKey(link, { ...options, token, durationMs: this.#durationMs });
  }

  start(): void {
    this.#feed = startFeed(
      this.#link,
      { bucket: BUCKETS.fleet, filter: RECONCILER_LEASE_KEY, idleHeartbeatMs: FEED_HEARTBEAT_MS },
      {
        change: (change) => this.#see(change),
        synced: () => this.#stepIn(0),
        unsynced: () => {},
      },
    );
  }

  holds(): boolean {
    return this.#held !== null && this.#clock.monotonicMs() < this.#held.untilMs;
  }

  holder(): string | null {
    return this.holds() ? this.#options.id : this.#sight.holder();
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async #release(): Promise<void> {
    this.#released.abort();
    this.#cancelStep();
    this.#cancelExpiry();
    await this.#busy;
    const held = this.#held;
    this.#held = null;
    if (held !== null && this.#link.connected()) await this.#key.handOver(held.revision);
    await this.#feed?.stop();
  }

  #isReleased(): boolean {
    return this.#released.signal.aborted;
  }

  #see(change: FeedChange): void {
    this.#sight.see(change, {
      nowMs: this.#clock.monotonicMs(),
      // What is replayed may be long over: it is judged at once, by the server's time.
      live: this.#feed?.synced() === true,
      parse: (value) => parseLease(value, this.#durationMs),
    });
    const held = this.#held;
    if (held !== null && this.#sight.isTakenFrom(held.revision)) this.#lose("somebody else holds it now");
    else if (held === null) this.#stepIn(0);
  }

  /** Looks again after `ms`; a later call replaces an earlier one. */
  #stepIn(ms: number): void {
    this.#cancelStep();
    if (this.#isReleased()) return;
    this.#cancelStep = this.#clock.after(ms, () => this.#step());
  }

  #step(): void {
    if (this.#isReleased()) return;
    if (this.#acting) this.#lookAgain = true;
    else this.#busy = this.#actThenWait();
  }

  async #actThenWait(): Promise<void> {
    this.#acting = true;
    this.#lookAgain = false;
    const nextMs = await this.#act();
    this.#acting = false;
    this.#stepIn(this.#lookAgain ? 0 : nextMs);
  }

  /** Does what is next, and says in how many milliseconds to look again. */
  async #act(): Promise<number> {
    try {
      if (this.#held !== null) return await this.#renew(this.#held);
      return await this.#standBy();
    } catch (error) {
      if (!(error instanceof NatsFailure))
        this.#link.logger.error({ err: error }, "the lease met what it does not know");
      return this.#retryMs();
    }
  }

  #retryMs(): number {
    return RETRY_MS * (0.5 + Math.random());
  }

  async #renew(held: Held): Promise<number> {
    if (!this.holds()) {
      this.#lose("it ran out before it could be renewed");
      return 0;
    }
    const result = await this.#write(held.revision);
    if (this.#held !== held) return 0;
    if (result.kind === "written") return this.#renewalMs();
    if (result.kind === "failed") return this.#retryMs();
    // Our own renewal may have arrived although its acknowledgement did not.
    const now = await this.#key.readOurs();
    if (now !== null && this.holds()) {
      this.#held = { revision: now.revision, untilMs: held.untilMs };
      return 0;
    }
    this.#lose("somebody else changed it");
    return 0;
  }

  async #standBy(): Promise<number> {
    if (this.#feed?.synced() !== true) return this.#durationMs;
    const waitMs = this.#sight.waitMs(this.#clock.monotonicMs());
    if (waitMs > 0) return waitMs;
    const { revision } = this.#sight;
    const leftMs = await this.#key.leftMs(this.#sight.foreign(), this.#released.signal);
    // What was judged is no longer what is there.
    if (this.#sight.revision !== revision) return 0;
    if (leftMs > 0) {
      this.#sight.lookAgainAt(this.#clock.monotonicMs() + leftMs);
      return leftMs;
    }
    const result = await this.#write(revision);
    if (result.kind === "written") return this.#renewalMs();
    // Somebody was faster; the feed tells who.
    return result.kind === "conflict" ? this.#renewalMs() : this.#retryMs();
  }

  #renewalMs(): number {
    return this.#durationMs / RENEWALS_PER_DURATION;
  }

  /** Takes or renews the lease. It counts from before it was sent: the server's stamp can only be later. */
  async #write(expectedRevision: number): Promise<WriteResult> {
    const sentMs = this.#clock.monotonicMs();
    const result = await this.#key.write(expectedRevision);
    if (result.kind !== "written") return result;
    const untilMs = sentMs + this.#durationMs * HELD_SHARE;
    if (!this.#isReleased() || this.#held !== null) this.#hold({ revision: result.revision, untilMs });
    else await this.#key.handOver(result.revision);
    return result;
  }

  #hold(held: Held): void {
    const isNew = this.#held === null;
    this.#held = held;
    this.#cancelExpiry();
    const leftMs = held.untilMs - this.#clock.monotonicMs();
    if (!this.#isReleased()) this.#cancelExpiry = this.#clock.after(leftMs, () => this.#expire());
    if (isNew && this.holds()) this.#options.onAcquired();
  }

  #expire(): void {
    if (this.#held === null) return;
    if (this.holds()) this.#hold(this.#held);
    else this.#lose("it could not be renewed in time");
  }

  #lose(reason: string): void {
    if (this.#held === null) return;
    this.#held = null;
    this.#cancelExpiry();
    this.#options.onLost(reason);
    this.#stepIn(this.#retryMs());
  }
}
