/** Everything that NATS keeps about one device: live keys and delete markers, in every bucket. */
import { startFeed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { OutsideError } from "#runtime/errors.ts";
import { heartbeatKey, infoKey, type BucketName } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";

/** One key. */
export interface DeviceKey {
  readonly bucket: BucketName;
  readonly key: string;
  readonly revision: number;
  /** By the server's clock. */
  readonly atMs: number;
  readonly marker: boolean;
}

/** A device's keys, kept up to date. */
export interface DeviceKeys {
  /** Those there are now. */
  list(): DeviceKey[];
  /** Resolves when no live key is left in the buckets that devices write. Throws an OutsideError past the limit. */
  withoutLiveKeys(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

const WITHIN_MS = 20_000;

/** Resolves when everything has been read. */
export async function deviceKeys(link: NatsLink, device: DeviceId, signal: AbortSignal): Promise<DeviceKeys> {
  const keys = new Map<string, DeviceKey>();
  const waiting = new Set<() => void>();
  const unsynced = new Set<BucketName>(FILTERS.map(({ bucket }) => bucket));
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const feeds = FILTERS.map(({ bucket, filter }) =>
    startFeed(
      link,
      { bucket, filter: filter(device) },
      {
        change(change) {
          const id = `${bucket} ${change.key}`;
          if (change.kind === "absent") keys.delete(id);
          else {
            const { key, revision, atMs } = change;
            keys.set(id, { bucket, key, revision, atMs, marker: change.kind !== "put" });
          }
          changed();
        },
        synced() {
          unsynced.delete(bucket);
          changed();
        },
        unsynced: () => unsynced.add(bucket),
      },
    ),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(feeds.map((feed) => feed.stop()));
  };
  const until = (what: string, done: () => boolean, stopSignal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const limit = AbortSignal.any([stopSignal, AbortSignal.timeout(WITHIN_MS)]);
      const look = (): void => {
        if (done()) resolve();
        else if (limit.aborted) reject(new OutsideError(what, { hint: "Try again; `gitfleet doctor` looks closer." }));
        else return;
        waiting.delete(look);
      };
      limit.addEventListener("abort", look, { once: true });
      waiting.add(look);
      look();
    });
  try {
    await until("NATS did not deliver the device's keys in time", () => unsynced.size === 0, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    list: () => [...keys.values()],
    withoutLiveKeys: (stopSignal) =>
      until(
        "the device's keys did not go away",
        () => ![...keys.values()].some(({ marker, bucket }) => !marker && bucket !== "desired-state"),
        stopSignal,
      ),
    stop,
  };
}

const FILTERS: readonly { readonly bucket: BucketName; readonly filter: (device: DeviceId) => string }[] = [
  { bucket: "desired-state", filter: (device) => `${device}.>` },
  { bucket: "device-state", filter: (device) => `state.${device}.>` },
  { bucket: "device-info", filter: infoKey },
  { bucket: "device-heartbeat", filter: heartbeatKey },
];
