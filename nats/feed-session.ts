/** The life of one consumer of a feed: where it begins, when it has caught up, why it ends. */
import type { BucketName } from "#schema/keys.ts";
import type { Msg } from "@nats-io/transport-node";
import { startAudit } from "./feed-audit.ts";
import { changeOf, type FeedChange } from "./feed-change.ts";
import { FeedConsumer, type DeliverFrom } from "./feed-consumer.ts";
import type { FeedPosition, LastMessage } from "./feed-position.ts";
import { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import type { ReplyMetadata } from "./reply-metadata.ts";
import { streamInfo, type StreamInfo } from "./stream-info.ts";
import { keyPrefixOf, subjectOf, WHOLE } from "./subjects.ts";
import type { EndTurn } from "./turns.ts";

/** Devices are many and come back together: who asks again too soon keeps the server from those who wait. */
const RESTRICTED_ASK_AGAIN_MS = 30_000;

/** What a session needs. */
export interface SessionOptions {
  readonly bucket: BucketName;
  readonly filter: string;
  readonly restricted: boolean;
  readonly keysOnly: boolean;
  readonly idleHeartbeatMs: number;
  readonly auditMs: number | undefined;
  readonly position: FeedPosition;
  readonly signal: AbortSignal;
  /** The reader is about to write much itself. */
  readonly isHeld: () => boolean;
  readonly change: (change: FeedChange) => void;
  /** All that was in the bucket is told, and what changes is told as it changes. */
  readonly caughtUp: () => void;
}

/** Runs one consumer until it is lost or `signal` aborts; resolves with the reason. Throws NatsFailure where it does not begin. */
export async function runSession(link: NatsLink, options: SessionOptions): Promise<string> {
  const session = new Session(link, options);
  try {
    if (options.restricted) await session.beginRestricted();
    else await session.begin();
    return await session.ended;
  } finally {
    session.close();
  }
}

class Session {
  readonly ended: Promise<string>;
  readonly #end: (reason: string) => void;
  readonly #link: NatsLink;
  readonly #options: SessionOptions;
  readonly #keyPrefix: string;
  #consumer: FeedConsumer | null = null;
  #stopAudit: (() => void) | null = null;
  #endTurn: EndTurn | null = null;
  /** Caught up once a message at or behind this one has come. */
  #targetSeq = Number.POSITIVE_INFINITY;
  /** Set where the first message must be the one that the session before ended with. */
  #resumedAt: LastMessage | null = null;
  #caughtUp = false;
  #idleBefore = false;

  constructor(link: NatsLink, options: SessionOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
    this.#link = link;
    this.#options = options;
    this.#keyPrefix = keyPrefixOf(link.options, options.bucket);
    options.signal.addEventListener("abort", this.#stopped, { once: true });
  }

  readonly #stopped = (): void => this.#end("stopped");

  close(): void {
    if (this.#options.isHeld()) this.#consumer?.delete();
    else this.#consumer?.close();
    this.#stopAudit?.();
    this.#endTurn?.();
    this.#options.signal.removeEventListener("abort", this.#stopped);
  }

  /** Devices: no questions about the stream; all their keys again, compared with what is known. */
  async beginRestricted(): Promise<void> {
    this.#options.position.restart(null, 0);
    const consumer = this.#newConsumer({ deliver_policy: "last_per_subject" });
    consumer.listen();
    const { pending } = await consumer.create();
    if (pending === 0) this.#markCaughtUp();
  }

  /** Goes on where the last session ended, or begins anew where the stream is not the same any more. */
  async begin(): Promise<void> {
    const { filter, signal } = this.#options;
    // A lease must not wait for a million keys.
    if (filter === WHOLE) this.#endTurn = await this.#link.catchUps.take(signal);
    const before = await this.#info();
    const from = this.#startingPoint(before);
    this.#targetSeq = before.state.last_seq;
    const consumer = this.#newConsumer(from);
    const { pending } = await consumer.create();
    const after = await this.#info();
    // The stream may have been replaced between the two questions; then nothing was delivered yet.
    if (after.created !== before.created) throw new NatsFailure("the bucket was re-created just now", "retry");
    consumer.listen();
    if (pending === 0) this.#markCaughtUp();
    this.#stopAudit = startAudit(this.#link, {
      ...this.#options,
      streamCreated: before.created,
      reachedSeq: () => (this.#caughtUp ? this.#options.position.reachedSeq : null),
      replay: (reason) => {
        this.#options.position.distrust();
        this.#end(reason);
      },
    });
  }

  async #info(): Promise<StreamInfo> {
    const { bucket, signal } = this.#options;
    const info = await streamInfo(this.#link, bucket, signal);
    if (info === null) throw new NatsFailure(`the bucket ${bucket} does not exist yet`, "wait");
    return info;
  }

  #startingPoint(info: StreamInfo): DeliverFrom {
    const { position } = this.#options;
    // With one message per key the two are the same, and to 2.9 the former costs far less.
    const onePerKey = info.config["max_msgs_per_subject"] === 1;
    const whole: DeliverFrom = { deliver_policy: onePerKey ? "all" : "last_per_subject" };
    if (!position.canResume({ created: info.created, lastSeq: info.state.last_seq })) {
      position.restart(info.created, this.#options.filter === WHOLE ? info.state.num_subjects : 0);
      return whole;
    }
    if (position.last === null) return whole;
    // One step back: if that message still is there, it proves that this is the stream we know.
    this.#resumedAt = position.last;
    return { deliver_policy: "by_start_sequence", opt_start_seq: position.last.seq };
  }

  #newConsumer(from: DeliverFrom): FeedConsumer {
    const { bucket, filter, restricted, keysOnly, idleHeartbeatMs, signal } = this.#options;
    // The last message of each key is only to be had with a filter.
    const needsNone = filter === WHOLE && from.deliver_policy !== "last_per_subject";
    const filterSubject = needsNone ? null : subjectOf(this.#link.options, bucket, filter);
    const consumer = new FeedConsumer(
      this.#link,
      {
        bucket,
        filterSubject,
        from,
        keysOnly,
        idleHeartbeatMs,
        askAgainMs: restricted ? RESTRICTED_ASK_AGAIN_MS : undefined,
        signal,
      },
      {
        message: (message, metadata) => this.#message(message, metadata),
        idle: (reachedSeq) => this.#idle(reachedSeq),
        lost: (reason) => this.#end(reason),
      },
    );
    this.#consumer = consumer;
    return consumer;
  }

  #message(message: Msg, metadata: ReplyMetadata): void {
    this.#idleBefore = false;
    if (this.#isRepeated(message, metadata)) return;
    this.#deliver(message, metadata);
    const { restricted, filter } = this.#options;
    const countsDown = restricted || filter !== WHOLE;
    if (metadata.streamSeq >= this.#targetSeq || (countsDown && metadata.pending === 0)) this.#markCaughtUp();
  }

  /** True for the message that the session before ended with: it is only here as a proof. */
  #isRepeated(message: Msg, { streamSeq, atUs, pending }: ReplyMetadata): boolean {
    const resumedAt = this.#resumedAt;
    this.#resumedAt = null;
    if (resumedAt === null || streamSeq !== resumedAt.seq) return false;
    const key = message.subject.slice(this.#keyPrefix.length);
    // Of a message of our own no time is known: that it is about the same key says the same.
    if (resumedAt.atUs === null ? key === resumedAt.key : atUs === resumedAt.atUs) {
      this.#options.position.advance({ seq: streamSeq, atUs, key });
      if (streamSeq >= this.#targetSeq || pending === 0) this.#markCaughtUp();
    } else {
      this.#options.position.distrust();
      this.#consumer?.close();
      this.#end("the bucket has another history than before");
    }
    return true;
  }

  #deliver(message: Msg, { streamSeq, atUs }: ReplyMetadata): void {
    const { position } = this.#options;
    const { subject } = message;
    const key = subject.slice(this.#keyPrefix.length);
    position.advance({ seq: streamSeq, atUs, key });
    if (!subject.startsWith(this.#keyPrefix)) return;
    const change = changeOf(message, { key, revision: streamSeq, atUs });
    if (position.known.observe(key, { atUs, marker: change.kind !== "put" })) this.#options.change(change);
  }

  #idle(reachedSeq: number): void {
    const { position } = this.#options;
    position.reachedSeq = Math.max(position.reachedSeq, reachedSeq);
    // In the first moment of a consumer a heartbeat may come before the first delivery; two in a row cannot.
    const certain = this.#options.restricted || reachedSeq >= this.#targetSeq || this.#idleBefore;
    this.#idleBefore = true;
    if (certain) this.#markCaughtUp();
  }

  #markCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    const { position } = this.#options;
    if (Number.isFinite(this.#targetSeq)) position.reachedSeq = Math.max(position.reachedSeq, this.#targetSeq);
    for (const key of position.settle()) this.#options.change({ kind: "absent", key });
    this.#endTurn?.();
    this.#options.caughtUp();
  }
}
