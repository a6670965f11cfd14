/** Notes when a change of a bucket is seen by somebody who follows it. */
import { startFeed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import type { BucketName } from "#schema/keys.ts";

const SEEN_WITHIN_MS = 60_000;

/** Follows one key. */
export interface BucketClock {
  /** Resolves with the time (as of `nowMs`) at which a put for which `is` holds was seen. */
  next(is: (text: string) => boolean): Promise<number>;
  stop(): Promise<void>;
}

/** Starts to follow a key; resolves when everything that was there has been seen. */
export async function followKey(link: NatsLink, bucket: BucketName, key: string): Promise<BucketClock> {
  const waiting = new Set<(text: string, atMs: number) => void>();
  const synced = Promise.withResolvers<void>();
  const change = (one: FeedChange): void => {
    const atMs = nowMs();
    if (one.kind !== "put" || one.key !== key) return;
    const text = new TextDecoder().decode(one.value);
    for (const look of waiting) look(text, atMs);
  };
  const feed = startFeed(link, { bucket }, { change, synced: () => synced.resolve(), unsynced: () => undefined });
  await synced.promise;
  const next = async (is: (text: string) => boolean): Promise<number> => {
    const seen = Promise.withResolvers<number>();
    const limit = setTimeout(() => seen.reject(new Error(`${key} was not seen in ${bucket}`)), SEEN_WITHIN_MS);
    const look = (text: string, atMs: number): void => (is(text) ? seen.resolve(atMs) : undefined);
    waiting.add(look);
    return await seen.promise.finally(() => {
      clearTimeout(limit);
      waiting.delete(look);
    });
  };
  return { next, stop: async () => await feed.stop() };
}

/** Milliseconds of a clock that nobody sets. */
export function nowMs(): number {
  return performance.now();
}

/** A time that another program read from the wall clock within the last seconds, on the scale of `nowMs`. */
export function fromWallMs(wallMs: number): number {
  return nowMs() - (Date.now() - wallMs);
}
