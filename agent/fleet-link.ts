/** The agent's side of NATS: a connection that is sought for ever, the feed over it, and word of buckets made anew. */
import { onBucketCreated } from "#nats/bucket-news.ts";
import { connectNats } from "#nats/connect.ts";
import type { Feed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import type { NatsOptions } from "#nats/options.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { sleep } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { BUCKETS } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Event } from "./core/event.ts";
import { followDesiredState } from "./desired-feed.ts";
import type { METRICS } from "./metrics.ts";

const CONNECT_BASE_MS = 1_000;
const CONNECT_MAX_MS = 60_000;
/** A connection that is silently dead is given up after two to three of these. */
const PING_INTERVAL_MS = 60_000;
/** Buckets are made one after the other: what follows within this time is answered together. */
const SETTLE_MS = 500;
/** All devices hear of a new bucket at once: they answer within this time, not in one moment. */
const SPREAD_MS = 2_000;
const FOLLOWED = [BUCKETS.desiredState, BUCKETS.deviceState, BUCKETS.deviceInfo, BUCKETS.deviceHeartbeat];

/** What a fleet link works with, and whom it tells. */
export interface FleetLinkOptions {
  readonly device: DeviceId;
  readonly nats: NatsOptions;
  readonly logger: Logger;
  readonly metrics: Metrics<keyof typeof METRICS>;
  readonly signal: AbortSignal;
  readonly send: (event: Event) => void;
  /** Called once, before the first event. */
  readonly linked: (link: NatsLink) => void;
}

/** Connects and follows the desired state until closed. */
export class FleetLink {
  readonly #options: FleetLinkOptions;
  readonly #connecting: Promise<void>;
  #link: NatsLink | null = null;
  #feed: Feed | null = null;
  #refeeding = false;
  #answering = false;

  constructor(options: FleetLinkOptions) {
    this.#options = options;
    this.#connecting = this.#connect();
  }

  connected(): boolean {
    return this.#link?.connected() ?? false;
  }

  /** A bucket began anew: so did the desired state, probably, and its consumer would be missed only after minutes. */
  async refeed(): Promise<void> {
    const { logger, signal } = this.#options;
    if (this.#refeeding || this.#link === null || signal.aborted) return;
    this.#refeeding = true;
    logger.info("a bucket had lost what this device wrote; the desired state is read anew");
    await this.#feed?.stop();
    this.#startFeed(this.#link);
    this.#refeeding = false;
  }

  /** Ends the feed; the connection stays for what is still to be said. */
  async stop(): Promise<void> {
    await this.#connecting;
    await this.#feed?.stop();
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#link?.close();
  }

  async #connect(): Promise<void> {
    const { linked, metrics, send } = this.#options;
    const link = await this.#firstLink();
    if (link === null) return;
    this.#link = link;
    linked(link);
    const told = (connected: boolean): void => {
      metrics.metric.connected.set(connected ? 1 : 0);
      send({ kind: "link", connected });
    };
    link.onStatus(told);
    told(link.connected());
    onBucketCreated(link, FOLLOWED, () => void this.#bucketCreated());
    this.#startFeed(link);
  }

  /**
   * The connection, or null when the agent is to stop first. Not even credentials that cannot be read end the agent:
   * what runs on this device must come back after a power cut all the same.
   */
  async #firstLink(): Promise<NatsLink | null> {
    const { logger, signal, nats, device } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const how = { name: `gitfleet agent ${device}`, logger, signal, pingIntervalMs: PING_INTERVAL_MS };
        return await connectNats(nats, how);
      } catch (error) {
        if (signal.aborted) return null;
        logger.error({ err: error }, "cannot use the settings for NATS; correct them and restart the agent");
      }
      await sleep(
        CONNECT_BASE_MS / 2 + backoffMs({ attempt, baseMs: CONNECT_BASE_MS, maxMs: CONNECT_MAX_MS }, Math.random),
        signal,
      );
    }
    return null;
  }

  async #bucketCreated(): Promise<void> {
    const { signal, send } = this.#options;
    if (this.#answering) return;
    this.#answering = true;
    await sleep(SETTLE_MS + Math.random() * SPREAD_MS, signal);
    this.#answering = false;
    if (signal.aborted) return;
    send({ kind: "rebuilt" });
    await this.refeed();
  }

  #startFeed(link: NatsLink): void {
    const { signal, device, send, logger, metrics } = this.#options;
    if (!signal.aborted) this.#feed = followDesiredState(link, device, { send, logger, metrics });
  }
}
