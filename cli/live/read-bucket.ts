/** Everything a bucket holds at this moment. */
import { startFeed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { OutsideError } from "#runtime/errors.ts";
import type { BucketName } from "#schema/keys.ts";
import { SYNC_WITHIN_MS } from "./follow.ts";

/** The values by key; markers are left out. Throws an OutsideError where it takes longer than a minute. */
export async function readBucket(
  link: NatsLink,
  bucket: BucketName,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const values = new Map<string, Uint8Array>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SYNC_WITHIN_MS)]);
  const done = Promise.withResolvers<void>();
  limit.addEventListener("abort", () =>
    done.reject(new OutsideError(`the bucket ${bucket} could not be read in time`)),
  );
  const feed = startFeed(
    link,
    { bucket },
    {
      change: (change) => {
        if (change.kind === "put") values.set(change.key, change.value);
        else values.delete(change.key);
      },
      synced: () => done.resolve(),
      unsynced: () => {},
    },
  );
  try {
    await done.promise;
  } finally {
    await feed.stop();
  }
  return values;
}
