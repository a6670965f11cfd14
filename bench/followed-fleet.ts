/** The aggregator as the status bot runs it: a live picture that feeds of both buckets keep. */
import { LiveFleet } from "#fleet/live-fleet.ts";
import { startFeed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import type { BucketName } from "#schema/keys.ts";

const BUCKETS: readonly BucketName[] = ["desired-state", "device-state"];

/** A picture, and when it is whole. */
export interface FollowedFleet {
  readonly fleet: LiveFleet;
  /** Resolves when everything that was in the buckets is in the picture. */
  readonly whole: Promise<void>;
  stop(): Promise<void>;
}

/** Begins to follow; `changed` is called after each change that the picture took in. */
export function followFleet(
  link: NatsLink,
  changed: (bucket: BucketName, change: Parameters<LiveFleet["apply"]>[1]) => void = () => {},
): FollowedFleet {
  const fleet = new LiveFleet();
  const { promise: whole, resolve } = Promise.withResolvers<void>();
  const synced = new Set<BucketName>();
  const feeds = BUCKETS.map((bucket) =>
    startFeed(
      link,
      { bucket, memory: fleet.memoryOf(bucket) },
      {
        change(change) {
          fleet.apply(bucket, change);
          changed(bucket, change);
        },
        synced() {
          synced.add(bucket);
          if (synced.size === BUCKETS.length) resolve();
        },
        unsynced: () => synced.delete(bucket),
      },
    ),
  );
  return {
    fleet,
    whole,
    stop: async () => void (await Promise.all(feeds.map(async (feed) => await feed.stop()))),
  };
}
