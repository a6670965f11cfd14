/** A reader of a feed that keeps what it is told and notices what must never happen. */
import type { NatsLink } from "#nats/connect.ts";
import { startFeed, type Feed, type FeedChange, type FeedOptions } from "#nats/feed.ts";

/** A feed, what it told, and whether it kept its promises. */
export interface FeedMirror {
  readonly feed: Feed;
  /** Key to value, as a program would know it. */
  readonly values: Map<string, string>;
  /** Every change, as `put key value`, `delete key`, `purge key`, `absent key`. */
  readonly log: string[];
  /** `synced`, and `unsynced: …`, in order. */
  readonly signals: string[];
  /** Broken promises: a repeated change, a revision that went back, an absent key that was not there. */
  readonly broken: string[];
  stop(): Promise<void>;
}

/** Starts a feed with short heartbeats; `onChange` runs inside the call. */
export function mirrorFeed(
  link: NatsLink,
  options: FeedOptions,
  onChange: (change: FeedChange) => void = () => {},
): FeedMirror {
  const values = new Map<string, string>();
  const log: string[] = [];
  const signals: string[] = [];
  const broken: string[] = [];
  const lastMs = new Map<string, number>();
  const seen = new Set<string>();

  const check = (change: Exclude<FeedChange, { kind: "absent" }>): void => {
    const identity = `${change.key} ${change.revision} ${change.atMs}`;
    if (seen.has(identity)) broken.push(`repeated: ${identity}`);
    seen.add(identity);
    if (change.atMs < (lastMs.get(change.key) ?? 0)) broken.push(`went back: ${identity}`);
    lastMs.set(change.key, change.atMs);
  };
  const feed = startFeed(
    link,
    { idleHeartbeatMs: 150, ...options },
    {
      change(change) {
        if (change.kind === "absent") {
          if (!values.delete(change.key)) broken.push(`absent but never there: ${change.key}`);
        } else {
          check(change);
        }
        if (change.kind === "put") values.set(change.key, Buffer.from(change.value).toString("utf8"));
        else values.delete(change.key);
        log.push(
          change.kind === "put" ? `put ${change.key} ${values.get(change.key)}` : `${change.kind} ${change.key}`,
        );
        onChange(change);
      },
      synced: () => signals.push("synced"),
      unsynced: (reason) => signals.push(`unsynced: ${reason}`),
    },
  );
  return { feed, values, log, signals, broken, stop: () => feed.stop() };
}
