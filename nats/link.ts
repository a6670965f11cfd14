/** A connection to NATS as the rest of the program sees it: it may be down, and it comes back by itself. */
import type { BucketName } from "#schema/keys.ts";
import type { Logger } from "#runtime/logger.ts";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NatsOptions } from "./options.ts";
import type { Inbox } from "./inbox.ts";
import type { Questions } from "./questions.ts";
import type { Turns } from "./turns.ts";

/** What a publish or subscription was refused for, by the permissions of this connection's user. */
export interface PermissionRefusal {
  readonly operation: "publish" | "subscription";
  readonly subject: string;
}

/** One connection, shared by every feed, writer and lease of a program. */
export interface NatsLink {
  /** False from the moment a loss is noticed until the connection is back. */
  connected(): boolean;
  /** Calls `fn` at every change of `connected()`; returns what stops the calls. */
  onStatus(fn: (connected: boolean) => void): () => void;
  /** Calls `fn` when the server refuses a subject; returns what stops the calls. */
  onRefusal(fn: (refusal: PermissionRefusal) => void): () => void;
  /** Resolves when connected; at once when it already is, and when `signal` aborts. */
  whenConnected(signal?: AbortSignal): Promise<void>;
  /** Milliseconds to the server and back. Rejects when not connected. */
  rttMs(): Promise<number>;
  /** Of the server connected to, such as `2.15.1`; null while not connected. */
  serverVersion(): string | null;
  /** Ends the connection for good; what was published is sent first (at most 2 s). */
  close(): Promise<void>;
  /** The stream behind a bucket: `KV_<prefix><bucket>`. */
  streamOf(bucket: BucketName): string;
  /** The subject of a key as it stands in the bucket. */
  subjectOf(bucket: BucketName, key: string): string;
  /** Where to publish a key: under the API prefix where JetStream lives in another account. */
  publishSubjectOf(bucket: BucketName, key: string): string;
  readonly options: NatsOptions;
  readonly logger: Logger;
  /** For this room only. */
  readonly connection: NatsConnection;
  /** Where answers arrive. */
  readonly inbox: Inbox;
  /** What is asked of the server, with one answer each. */
  readonly questions: Questions;
  /** Who catches up with a whole bucket takes a turn: two at once may be more than the server keeps for one connection. */
  readonly catchUps: Turns;
}
