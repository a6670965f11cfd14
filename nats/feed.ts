/** The changes of a bucket, each once and in order, through cuts, restarts and re-creation of the bucket. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsLink } from "./link.ts";

/** One change of one key. */
export type FeedChange =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly revision: number;
      /** When the server stored it, by the server's clock, in milliseconds since 1970. */
      readonly atMs: number;
      /** A header of the message, or undefined. */
      readonly headers: (name: string) => string | undefined;
    }
  /** `delete`: a DEL marker. `purge`: a PURGE marker, or the marker the server leaves when a key's age ran out. */
  | { readonly kind: "delete" | "purge"; readonly key: string; readonly revision: number; readonly atMs: number }
  /** A key that was there and is gone without a marker: the bucket was re-created, wiped or purged. Never an intent. */
  | { readonly kind: "absent"; readonly key: string };

/** Who is told; the calls are synchronous and must not throw. */
export interface FeedHandlers {
  change(change: FeedChange): void;
  /** Everything that was in the bucket has been delivered (also when it is empty). */
  synced(): void;
  /** No longer true: disconnected, bucket gone, replay under way. `reason` is for logs. */
  unsynced(reason: string): void;
}

/** What to follow and how. */
export interface FeedOptions {
  readonly bucket: BucketName;
  /** Which keys, such as `kiosk-0001.>`; all when left out. */
  readonly filter?: string;
  /** How often the server says that it is there when nothing changes; twice this without a word means that it is not. */
  readonly idleHeartbeatMs?: number;
  /** For devices, which may not ask about the stream: their few keys are replayed at every (re)connect. */
  readonly restricted?: boolean;
}

/** A running feed. */
export interface Feed {
  /** True while everything in the bucket has been delivered and the server is in touch. */
  synced(): boolean;
  stop(): Promise<void>;
}

/** Follows a bucket until `stop`; waits for it where it does not exist yet. */
export declare function startFeed(link: NatsLink, options: FeedOptions, handlers: FeedHandlers): Feed;
