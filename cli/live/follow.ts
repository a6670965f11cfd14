/** Follows the buckets of a fleet: first everything that is there, then each change. */
import { startFeed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { OutsideError } from "#runtime/errors.ts";
import type { BucketName } from "#schema/keys.ts";
import { serverClockOffsetMs } from "../nats-session.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";

/** The buckets that a whole picture needs. */
export const FOLLOWED: readonly BucketName[] = [
  "desired-state",
  "device-state",
  "device-info",
  "device-heartbeat",
  "fleet",
];

/** A million keys take 10 s; longer than this and something is wrong. */
export const SYNC_WITHIN_MS = 60_000;

/** A picture that keeps itself up to date. */
export interface Following {
  readonly fleet: LiveFleet;
  /** Why the picture may be old (disconnected, a bucket is gone), or null while it is live. */
  readonly stale: () => string | null;
  /** By the server's clock. */
  readonly serverNowMs: () => number;
  readonly stop: () => Promise<void>;
}

/** Resolves when everything in the buckets has been read. `changed` is called at each change after that. */
export async function follow(link: NatsLink, options: FollowOptions): Promise<Following> {
  const { signal, changed = () => {}, seen = () => {} } = options;
  const fleet = new LiveFleet();
  const offsetMs = await serverClockOffsetMs(link);
  const serverNowMs = (): number => Date.now() + offsetMs;
  const unsynced = new Map<BucketName, string>(FOLLOWED.map((bucket) => [bucket, "not read yet"]));
  const whole = Promise.withResolvers<void>();
  const feeds = FOLLOWED.map((bucket) =>
    startFeed(
      link,
      { bucket, memory: fleet.memoryOf(bucket) },
      {
        change: (change) => {
          fleet.apply(bucket, change);
          seen(bucket, change);
          changed();
        },
        synced: () => {
          unsynced.delete(bucket);
          if (unsynced.size === 0) whole.resolve();
          changed();
        },
        unsynced: (reason) => {
          unsynced.set(bucket, reason);
          changed();
        },
      },
    ),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(feeds.map((feed) => feed.stop()));
  };
  try {
    await within(whole.promise, signal, unsynced);
  } catch (error) {
    await stop();
    throw error;
  }
  return { fleet, stale: () => [...unsynced.values()][0] ?? null, serverNowMs, stop };
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly changed?: () => void;
  /** Called with each change, those from before included. */
  readonly seen?: (bucket: BucketName, change: FeedChange) => void;
}

async function within(whole: Promise<void>, signal: AbortSignal, unsynced: ReadonlyMap<string, string>): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const onAbort = (): void => failed.reject(new OutsideError("stopped before everything was read"));
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    const reasons = [...unsynced].map(([bucket, reason]) => `${bucket}: ${reason}`).join("; ");
    const hint = "Check the server's log and `gitfleet doctor`.";
    failed.reject(new OutsideError(`NATS did not deliver everything within a minute (${reasons})`, { hint }));
  }, SYNC_WITHIN_MS);
  try {
    await Promise.race([whole, failed.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
