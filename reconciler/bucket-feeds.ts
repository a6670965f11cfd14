/** The four buckets that the reconciler follows, as events: many changes in one, in the order in which they came. */
import {
  startFeed,
  type Feed,
  type FeedChange,
  type FeedHandlers,
  type FeedHold,
  type RememberingReader,
} from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { HEADER_FLEET } from "#schema/headers.ts";
import { parseInfoKey, RECONCILER_RECORD_KEY } from "#schema/keys.ts";
import { deviceInfoSchema, reconcilerRecordSchema } from "#schema/wire.ts";
import type { Event, FollowedBucket, KeyChange, RememberedBucket, StateChange } from "./core/event.ts";
import { ValueReader } from "./value-reader.ts";

export interface FeedsOptions {
  readonly send: (event: Event) => void;
  /** A payload that cannot be used. */
  readonly dropped: (bucket: FollowedBucket, key: string) => void;
  /** How many keys of a bucket are known, markers included, and how many of them hold a value. */
  readonly known: (bucket: RememberedBucket) => ReturnType<RememberingReader["counts"]>;
}

/** Changes are handed on in lots of at most so many. */
const LOT_MAX = 2_000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The running feeds. */
export interface BucketFeeds {
  /** Lets the feed of `desired-state` stand still; null where it cannot now. */
  holdDesired(): FeedHold | null;
  stop(): Promise<void>;
}

/** Starts to follow all four; waits for those that do not exist yet. */
export function startBucketFeeds(link: NatsLink, options: FeedsOptions): BucketFeeds {
  const follow = <T>(bucket: FollowedBucket, lots: Lots<T>): Feed => {
    const filter = bucket === "fleet" ? { filter: RECONCILER_RECORD_KEY } : {};
    return startFeed(link, { bucket, ...filter }, lots);
  };
  const values = new ValueReader();
  const desired = followRemembered<KeyChange>(link, options, {
    bucket: "desired-state",
    read: (change) => keyChange(change, values),
    event: (changes) => ({ kind: "keys", changes }),
  });
  const states = followRemembered<StateChange>(link, options, {
    bucket: "device-state",
    keysOnly: true,
    read: stateChange,
    event: (changes) => ({ kind: "states", changes }),
  });
  const feeds = [
    desired,
    states,
    follow(
      "fleet",
      new Lots("fleet", options.send, {
        read: (change) => recordEvent(change, options),
        event: (lot) => lot.at(-1) ?? noRecord,
      }),
    ),
    follow(
      "device-info",
      new Lots("device-info", options.send, {
        read: (change) => infoChange(change, options),
        event: (changes) => ({ kind: "infos", changes }),
      }),
    ),
  ];
  return {
    holdDesired: () => desired.hold(),
    stop: async () => void (await Promise.all(feeds.map((feed) => feed.stop()))),
  };
}

function followRemembered<T>(
  link: NatsLink,
  { send, known }: FeedsOptions,
  { bucket, keysOnly = false, ...translation }: Translation<T> & { bucket: RememberedBucket; keysOnly?: boolean },
): Feed {
  const lots = new Lots(bucket, send, translation);
  const remembers: RememberingReader = {
    forget: () => {
      lots.hand();
      send({ kind: "forgotten", bucket });
    },
    counts: () => {
      lots.hand();
      return known(bucket);
    },
  };
  return startFeed(link, { bucket, remembers, keysOnly }, lots);
}

const noRecord: Event = { kind: "record", record: null, revision: 0, own: false };

interface Translation<T> {
  /** Null for what is nobody's business. */
  readonly read: (change: FeedChange) => T | null;
  readonly event: (lot: T[]) => Event;
}

/** Changes of one bucket as events, many in one. */
class Lots<T> implements FeedHandlers {
  readonly #bucket: FollowedBucket;
  readonly #send: (event: Event) => void;
  readonly #translation: Translation<T>;
  #lot: T[] = [];

  constructor(bucket: FollowedBucket, send: (event: Event) => void, translation: Translation<T>) {
    this.#bucket = bucket;
    this.#send = send;
    this.#translation = translation;
  }

  hand(): void {
    if (this.#lot.length === 0) return;
    const full = this.#lot;
    this.#lot = [];
    this.#send(this.#translation.event(full));
  }

  change(change: FeedChange): void {
    const item = this.#translation.read(change);
    if (item === null) return;
    if (this.#lot.length === 0) setImmediate(() => this.hand());
    this.#lot.push(item);
    if (this.#lot.length >= LOT_MAX) this.hand();
  }

  synced(): void {
    this.hand();
    this.#send({ kind: "synced", bucket: this.#bucket });
  }

  unsynced(reason: string): void {
    this.hand();
    this.#send({ kind: "unsynced", bucket: this.#bucket, reason });
  }
}

/** A change of `desired-state` as the core sees it. */
function keyChange(change: FeedChange, values: ValueReader): KeyChange {
  if (change.kind === "absent") return change;
  if (change.kind !== "put") return { kind: "marker", key: change.key, revision: change.revision };
  const fleet = change.headers(HEADER_FLEET) ?? null;
  const fingerprint = values.fingerprint(change.value);
  return { kind: "put", key: change.key, fingerprint, revision: change.revision, fleet };
}

function stateChange({ key, kind }: FeedChange): StateChange {
  return { key, kind: kind === "put" || kind === "absent" ? kind : "marker" };
}

type InfoChange = Extract<Event, { kind: "infos" }>["changes"][number];

function infoChange(change: FeedChange, options: FeedsOptions): InfoChange | null {
  const device = parseInfoKey(change.key);
  if (device === null) return null;
  if (change.kind === "absent") return { device, labels: "lost" };
  if (change.kind !== "put") return { device, labels: null };
  const info = deviceInfoSchema.safeParse(parsedJson(change.value));
  // The key is the authority: what names another device is nobody's.
  if (info.success && info.data.device_id === device)
    return { device, labels: new Map(Object.entries(info.data.labels)) };
  options.dropped("device-info", change.key);
  return null;
}

function recordEvent(change: FeedChange, options: FeedsOptions): Event | null {
  if (change.kind === "absent") return noRecord;
  if (change.kind !== "put") return { kind: "record", record: null, revision: change.revision, own: false };
  const record = reconcilerRecordSchema.safeParse(parsedJson(change.value));
  if (!record.success) options.dropped("fleet", change.key);
  return { kind: "record", record: record.data ?? null, revision: change.revision, own: false };
}

function parsedJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(value));
  } catch {
    return undefined;
  }
}
