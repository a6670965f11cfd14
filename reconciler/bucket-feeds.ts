/** The four buckets that the reconciler follows, as events: many changes in one, in the order in which they came. */
import { startFeed, type Feed, type FeedChange, type FeedHandlers } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { sha256Digest } from "#fleet/digest.ts";
import { HEADER_FLEET } from "#schema/headers.ts";
import { parseInfoKey, RECONCILER_RECORD_KEY } from "#schema/keys.ts";
import { deviceInfoSchema, reconcilerRecordSchema } from "#schema/wire.ts";
import type { Event, FollowedBucket, KeyChange } from "./core/event.ts";

export interface FeedsOptions {
  readonly send: (event: Event) => void;
  /** A payload that cannot be used. */
  readonly dropped: (bucket: FollowedBucket, key: string) => void;
}

/** Changes are handed on in lots of at most so many. */
const LOT_MAX = 2_000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Starts to follow all four; waits for those that do not exist yet. */
export function startBucketFeeds(link: NatsLink, options: FeedsOptions): Feed[] {
  const follow = <T>(
    bucket: FollowedBucket,
    read: (change: FeedChange) => T | null,
    event: (lot: T[]) => Event,
  ): Feed => {
    const filter = bucket === "fleet" ? { filter: RECONCILER_RECORD_KEY } : {};
    return startFeed(link, { bucket, ...filter }, inLots(bucket, read, event, options.send));
  };
  return [
    follow(
      "fleet",
      (change) => recordEvent(change, options),
      (lot) => lot.at(-1) ?? noRecord,
    ),
    follow("desired-state", keyChange, (changes) => ({ kind: "keys", changes })),
    follow(
      "device-state",
      ({ key, kind }) => ({ key, there: kind === "put" }),
      (changes) => ({ kind: "states", changes }),
    ),
    follow(
      "device-info",
      (change) => infoChange(change, options),
      (changes) => ({ kind: "infos", changes }),
    ),
  ];
}

const noRecord: Event = { kind: "record", record: null, revision: 0, own: false };

function inLots<T>(
  bucket: FollowedBucket,
  read: (change: FeedChange) => T | null,
  event: (lot: T[]) => Event,
  send: (event: Event) => void,
): FeedHandlers {
  let lot: T[] = [];
  const hand = (): void => {
    if (lot.length === 0) return;
    const full = lot;
    lot = [];
    send(event(full));
  };
  return {
    change(change) {
      const item = read(change);
      if (item === null) return;
      if (lot.length === 0) setImmediate(hand);
      lot.push(item);
      if (lot.length >= LOT_MAX) hand();
    },
    synced() {
      hand();
      send({ kind: "synced", bucket });
    },
    unsynced(reason) {
      hand();
      send({ kind: "unsynced", bucket, reason });
    },
  };
}

/** A change of `desired-state` as the core sees it. */
export function keyChange(change: FeedChange): KeyChange {
  if (change.kind === "absent") return change;
  if (change.kind !== "put") return { kind: "marker", key: change.key, revision: change.revision };
  const fleet = change.headers(HEADER_FLEET) ?? null;
  return { kind: "put", key: change.key, text: textOf(change.value), revision: change.revision, fleet };
}

// What is not UTF-8 must not look like any value that could be wanted: those never hold a NUL.
export function textOf(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    return `\0${sha256Digest(value)}`;
  }
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
