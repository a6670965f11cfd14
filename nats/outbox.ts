/** What is to be published, kept until the server has it: the latest value of each key, through disconnections. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";

/** Limits of an outbox, and who hears of values that can never be sent. */
export interface OutboxOptions {
  /** Most keys kept; 4,096 when left out. Beyond it the oldest is dropped. */
  readonly maxKeys?: number;
  /** How long an acknowledgement may take; 5 s when left out. */
  readonly timeoutMs?: number;
  /** A value was given up: no room, or refused for a reason that only a person can remove. */
  onDropped?(dropped: { bucket: BucketName; key: string; error: NatsFailure }): void;
}

/** Latest value per key; a newer one replaces an older one that was not sent yet. */
export interface Outbox {
  put(bucket: BucketName, key: string, value: Uint8Array | string): void;
  delete(bucket: BucketName, key: string): void;
  /** Keys not yet acknowledged. */
  pending(): number;
  /** True when everything was acknowledged within `limitMs`. */
  idle(limitMs: number): Promise<boolean>;
  stop(): void;
}

export declare function createOutbox(link: NatsLink, options?: OutboxOptions): Outbox;
