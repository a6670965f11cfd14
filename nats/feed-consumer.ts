/** One push consumer with flow control: its creation, its messages in order, and the signs that it is no longer there. */
import type { BucketName } from "#schema/keys.ts";
import { nuid, type Msg, type Subscription } from "@nats-io/transport-node";
import { z } from "zod";
import { endSubscription } from "./end-subscription.ts";
import { JS_CODES, NatsFailure } from "./errors.ts";
import { giveWay } from "./give-way.ts";
import type { NatsLink } from "./link.ts";
import { apiRequest } from "./request.ts";
import { replyMetadataOf, type ReplyMetadata } from "./reply-metadata.ts";

const NS_PER_MS = 1_000_000;
/** The server forgets a consumer this long after we are gone. */
const INACTIVE_MS = 10_000;
const ASK_AGAIN_MS = 10_000;
/** Ten thousand devices that come back together keep 2.9 busy for most of a minute. */
const CREATION_MAX_MS = 300_000;
const TICKS_PER_HEARTBEAT = 2;
const SILENT_TICKS_MAX = 4;
/** A tick this much later than planned means that this process stood still, not that the server was silent. */
const LATE_TICK_FACTOR = 1.5;

/** After so many messages the rest of the program has a turn: some 5 ms, where each is soon handled. */
const MESSAGES_AT_ONCE = 500;

const STATUS_CODE = 100;
const STALLED_HEADER = "Nats-Consumer-Stalled";
const LAST_CONSUMER_HEADER = "Nats-Last-Consumer";
const LAST_STREAM_HEADER = "Nats-Last-Stream";

/** From where the server delivers, by the names of the JetStream API. */
export type DeliverFrom =
  | { readonly deliver_policy: "all" | "last_per_subject" }
  | { readonly deliver_policy: "by_start_sequence"; readonly opt_start_seq: number };

/** What to consume. */
export interface ConsumerOptions {
  readonly bucket: BucketName;
  /** Null for all of the stream: a filter that passes everything costs 2.9 a look at every message first. */
  readonly filterSubject: string | null;
  readonly from: DeliverFrom;
  /** Messages come without what they carry. */
  readonly keysOnly?: boolean;
  readonly idleHeartbeatMs: number;
  /** How long the server may be silent before it is asked again for the consumer; 10 s when left out. */
  readonly askAgainMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** Who is told; synchronously. */
export interface ConsumerHandlers {
  message(message: Msg, metadata: ReplyMetadata): void;
  /** The server has nothing more to deliver and we have all that it delivered. */
  idle(reachedSeq: number): void;
  /** It is over: a new consumer is needed. Called at most once. */
  lost(reason: string): void;
}

const createdSchema = z.object({ num_pending: z.number().default(0), created: z.string().default("") });

/** A consumer on the server and our subscription to what it delivers. */
export class FeedConsumer {
  readonly #link: NatsLink;
  readonly #options: ConsumerOptions;
  readonly #handlers: ConsumerHandlers;
  readonly #name = `gitfleet_${nuid.next()}`;
  readonly #deliverSubject: string;
  #subscription: Subscription | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #stopStatus: (() => void) | null = null;
  #consumerSeq = 0;
  #heard = true;
  #over = false;

  constructor(link: NatsLink, options: ConsumerOptions, handlers: ConsumerHandlers) {
    this.#link = link;
    this.#options = options;
    this.#handlers = handlers;
    this.#deliverSubject = `${link.options.deliverPrefix ?? link.options.inboxPrefix}.${nuid.next()}`;
  }

  /**
   * Creates the consumer; nothing is delivered before `listen`. Returns how many messages wait, and when the server made
   * it (NaN where it does not say). To create it twice is to create it once. Throws NatsFailure.
   */
  async create(): Promise<{ pending: number; createdAtMs: number }> {
    const { bucket, filterSubject, from, keysOnly = false, idleHeartbeatMs, signal } = this.#options;
    const { askAgainMs = ASK_AGAIN_MS } = this.#options;
    const stream = this.#link.streamOf(bucket);
    const name = this.#name;
    const config = {
      name,
      deliver_subject: this.#deliverSubject,
      ...(filterSubject === null ? {} : { filter_subject: filterSubject }),
      ...from,
      ack_policy: "none",
      replay_policy: "instant",
      flow_control: true,
      idle_heartbeat: idleHeartbeatMs * NS_PER_MS,
      inactive_threshold: INACTIVE_MS * NS_PER_MS,
      num_replicas: 1,
      mem_storage: true,
      ...(keysOnly ? { headers_only: true } : {}),
    };
    const request = {
      subject: `CONSUMER.CREATE.${stream}.${name}${filterSubject === null ? "" : `.${filterSubject}`}`,
      body: { stream_name: stream, config },
      doing: `follow the bucket ${bucket}`,
      timeoutMs: CREATION_MAX_MS,
      askAgainMs,
      signal,
    };
    const answer = await apiRequest(this.#link, request).catch((error: unknown) => {
      if (!(error instanceof NatsFailure) || error.code !== JS_CODES.streamNotFound) throw error;
      throw new NatsFailure(`the bucket ${bucket} does not exist yet`, "wait", { code: error.code });
    });
    const { num_pending: pending, created } = createdSchema.parse(answer);
    return { pending, createdAtMs: Date.parse(created) };
  }

  /** Begins the delivery: the server waits for somebody to listen. */
  listen(): void {
    this.#stopStatus = this.#link.onStatus((connected) => {
      if (!connected) this.#lose("disconnected");
    });
    this.#subscription = this.#link.connection.subscribe(this.#deliverSubject, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
        else this.#lose(`the server ended the delivery: ${error.message}`);
      },
    });
    this.#watch();
  }

  /** Stops listening; the server forgets the consumer by itself. */
  close(): void {
    this.#over = true;
    this.#stopStatus?.();
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    if (this.#subscription !== null) endSubscription(this.#link, this.#subscription);
    this.#subscription = null;
  }

  /**
   * The same, and the server forgets it now: as long as it knows of a consumer it wakes it for each message that is
   * stored, which slowed the writes of a million keys by a tenth. Where that fails it is forgotten later.
   */
  delete(): void {
    this.close();
    const { bucket } = this.#options;
    const subject = `CONSUMER.DELETE.${this.#link.streamOf(bucket)}.${this.#name}`;
    apiRequest(this.#link, { subject, doing: `stop following the bucket ${bucket}` }).catch(() => undefined);
  }

  #lose(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#handlers.lost(reason);
  }

  #receive(message: Msg): void {
    if (this.#over) return;
    this.#heard = true;
    const metadata = replyMetadataOf(message);
    if (metadata === null) {
      this.#receiveStatus(message);
      return;
    }
    if (metadata.consumerSeq !== this.#consumerSeq + 1) {
      this.#lose("deliveries were lost on the way");
      return;
    }
    this.#consumerSeq = metadata.consumerSeq;
    if (metadata.consumerSeq % MESSAGES_AT_ONCE === 0) giveWay(this.#link.connection);
    this.#handlers.message(message, metadata);
  }

  #receiveStatus(message: Msg): void {
    const headers = message.headers;
    if (headers?.code !== STATUS_CODE) {
      if (headers !== undefined && headers.code >= 400)
        this.#lose(`the server says: ${headers.code} ${headers.description}`);
      return;
    }
    // A request for flow control is answered once all before it is handled: that is what slows the server down.
    if (message.reply !== undefined && message.reply !== "") this.#link.connection.publish(message.reply);
    const stalled = headers.get(STALLED_HEADER);
    if (stalled !== "") this.#link.connection.publish(stalled);
    const lastDelivered = headers.get(LAST_CONSUMER_HEADER);
    if (lastDelivered === "") return;
    if (Number(lastDelivered) !== this.#consumerSeq) this.#lose("deliveries were lost on the way");
    else if (stalled === "") this.#handlers.idle(Number(headers.get(LAST_STREAM_HEADER)));
  }

  #watch(): void {
    const everyMs = this.#options.idleHeartbeatMs / TICKS_PER_HEARTBEAT;
    let silentTicks = 0;
    let lastTickMs = performance.now();
    this.#watchdog = setInterval(() => {
      const nowMs = performance.now();
      const late = nowMs - lastTickMs > everyMs * LATE_TICK_FACTOR;
      lastTickMs = nowMs;
      if (this.#heard) silentTicks = 0;
      // What arrived while this process stood still is only read after this tick.
      else if (!late) silentTicks += 1;
      this.#heard = false;
      if (silentTicks >= SILENT_TICKS_MAX) this.#lose("the server is silent: no heartbeat");
    }, everyMs);
  }
}
