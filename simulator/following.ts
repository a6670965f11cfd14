/** How the devices of a connection follow their keys: all together, or each its own, as a user with a device's rights must. */
import { sha256Digest } from "#fleet/digest.ts";
import { startFeed, type Feed, type FeedChange, type FeedOptions } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { HEADER_COMMIT } from "#schema/headers.ts";
import { BUCKETS, parseDesiredKey } from "#schema/keys.ts";
import { NO_AUDIT_MS, NoMemory } from "./no-memory.ts";
import type { DeviceRange } from "./simulated-connection.ts";
import type { World } from "./world.ts";

const IDLE_HEARTBEAT_MS = 300_000;

/** One feed. */
export interface Following {
  /** The only device it is for; null where it is for all of a connection. */
  readonly only: number | null;
  /** True while all that is wanted is known. */
  synced(): boolean;
  /** True while changes are told as they happen, too. */
  follows(): boolean;
  /** The connection is there: its devices offer what they said, so that the replay that follows is no news. */
  linked(): void;
  /** Reads everything anew. */
  again(): Promise<void>;
  stop(): Promise<void>;
}

/** Who is told. */
export interface FollowingTold {
  readonly range: DeviceRange;
  /** There is news about a pair. */
  readonly look: (pair: number) => void;
  /** The desired state was read anew on a connection that did not break: the other buckets may have lost something, too. */
  readonly lost: (device: number) => void;
}

/** One feed over all keys, or one for each device. */
export function followDesired(link: NatsLink, world: World, told: FollowingTold): Following[] {
  const { from, to } = told.range;
  if (to - from > 1 && !world.settings.ownFeeds) return [new OneFeed(link, world, { told, only: null })];
  return Array.from({ length: to - from }, (_, index) => new OneFeed(link, world, { told, only: from + index }));
}

class OneFeed implements Following {
  readonly only: number | null;
  readonly #link: NatsLink;
  readonly #world: World;
  readonly #told: FollowingTold;
  #feed: Feed;
  #isReplayDue = true;
  #stopped = false;

  constructor(link: NatsLink, world: World, { told, only }: { told: FollowingTold; only: number | null }) {
    this.#link = link;
    this.#world = world;
    this.#told = told;
    this.only = only;
    this.#feed = this.#start();
  }

  synced(): boolean {
    return this.#feed.synced();
  }

  follows(): boolean {
    return this.#feed.follows();
  }

  linked(): void {
    this.#isReplayDue = true;
  }

  async again(): Promise<void> {
    await this.#feed.stop();
    if (!this.#stopped) this.#feed = this.#start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#feed.stop();
  }

  #start(): Feed {
    return startFeed(this.#link, this.#options(), {
      change: (change) => this.#changed(change),
      synced: () => this.#synced(),
      unsynced: () => {},
    });
  }

  #options(): FeedOptions {
    const bucket = BUCKETS.desiredState;
    if (this.only === null) return { bucket, memory: new NoMemory(), auditMs: NO_AUDIT_MS };
    const filter = `${this.#world.fleet.devices[this.only]}.>`;
    return { bucket, filter, restricted: true, idleHeartbeatMs: IDLE_HEARTBEAT_MS };
  }

  #synced(): void {
    if (!this.#isReplayDue) {
      const { from, to } = this.only === null ? this.#told.range : { from: this.only, to: this.only + 1 };
      for (let device = from; device < to; device += 1) this.#told.lost(device);
    }
    this.#isReplayDue = false;
  }

  // Absence is never an intent: only a marker stops a deployment.
  #changed(change: FeedChange): void {
    if (change.kind === "absent" || !this.#isOurs(change.key)) return;
    const name = parseDesiredKey(change.key);
    if (name === null) return;
    const { fleet, times, startedAtMs } = this.#world;
    const pair = fleet.want(name, change.kind === "put" ? sha256Digest(change.value) : null);
    if (pair === null) return;
    if (change.kind === "put" && change.atMs >= startedAtMs)
      times.wanted(pair, change.headers(HEADER_COMMIT) ?? null, change.atMs);
    else times.untimed(pair);
    this.#told.look(pair);
  }

  // Before the pair is parsed: most keys of a large fleet belong to others.
  #isOurs(key: string): boolean {
    const device = this.#world.fleet.numberOf(key.slice(0, key.indexOf(".")));
    return device !== undefined && device >= this.#told.range.from && device < this.#told.range.to;
  }
}
