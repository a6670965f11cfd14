/** What is to be published, kept until the server has it: the latest value of each key, through disconnections. */
import { backoffMs } from "#runtime/backoff.ts";
import type { BucketName } from "#schema/keys.ts";
import { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { createWriter, type Write, type WriteResult, type Writer } from "./writer.ts";

const KEYS_MAX = 4_096;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 10_000;

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

/** An outbox over a link; `stop` it when done (what was not sent is then lost). */
export function createOutbox(link: NatsLink, options: OutboxOptions = {}): Outbox {
  return new Box(link, options);
}

/** One key's latest write. A newer write is a new entry, so that the acknowledgement of an older one is told apart. */
interface Entry {
  readonly write: Write;
  attempts: number;
}

class Box implements Outbox {
  readonly #link: NatsLink;
  readonly #options: OutboxOptions;
  readonly #writer: Writer;
  readonly #stopStatus: () => void;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** Keys of which a write is under way: two of one key must not overtake each other. */
  readonly #sending = new Set<string>();
  /**
   * What the last acknowledgement of a key said. A write that was given up may still be on its way through a dead
   * connection; since it expects the revision before, it cannot replace what was written after it.
   */
  readonly #revisions = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #idleWaiters: (() => void)[] = [];

  constructor(link: NatsLink, options: OutboxOptions) {
    this.#link = link;
    this.#options = options;
    this.#writer = createWriter(link, options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs });
    this.#stopStatus = link.onStatus((connected) => {
      if (connected) this.#sendAll();
    });
  }

  put(bucket: BucketName, key: string, value: Uint8Array | string): void {
    this.#add({ bucket, key, value });
  }

  delete(bucket: BucketName, key: string): void {
    this.#add({ bucket, key, kind: "delete" });
  }

  pending(): number {
    return this.#entries.size;
  }

  async idle(limitMs: number): Promise<boolean> {
    if (this.#entries.size === 0) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idleWaiters.push(resolve);
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
    return this.#entries.size === 0;
  }

  stop(): void {
    this.#stopStatus();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#entries.clear();
    this.#writer.close();
    this.#wakeWhenEmpty();
  }

  #add(write: Write): void {
    const id = `${write.bucket} ${write.key}`;
    const isNew = !this.#entries.has(id);
    this.#entries.set(id, { write, attempts: 0 });
    if (isNew) this.#makeRoom();
    this.#send(id);
  }

  #makeRoom(): void {
    if (this.#entries.size <= this.#maxKeys()) return;
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#drop(oldest, new NatsFailure("could not keep a value: the outbox is full", "wait"));
  }

  #maxKeys(): number {
    return this.#options.maxKeys ?? KEYS_MAX;
  }

  #sendAll(): void {
    for (const id of this.#entries.keys()) this.#send(id);
  }

  #send(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || this.#sending.has(id) || !this.#link.connected()) return;
    this.#sending.add(id);
    void this.#deliver(id, entry);
  }

  async #deliver(id: string, entry: Entry): Promise<void> {
    const revision = this.#revisions.get(id);
    const expected = revision === undefined ? {} : { expectedRevision: revision };
    const result = await this.#writer.write({ ...entry.write, ...expected });
    this.#sending.delete(id);
    this.#note(id, result);
    if (this.#entries.get(id) === entry) this.#settle(id, entry, result);
    else this.#send(id);
  }

  #note(id: string, result: WriteResult): void {
    if (result.kind === "failed") return;
    this.#revisions.delete(id);
    if (result.kind === "written") this.#revisions.set(id, result.revision);
    if (this.#revisions.size <= this.#maxKeys()) return;
    const oldest = this.#revisions.keys().next().value;
    if (oldest !== undefined) this.#revisions.delete(oldest);
  }

  #settle(id: string, entry: Entry, result: WriteResult): void {
    switch (result.kind) {
      case "written":
        this.#entries.delete(id);
        this.#wakeWhenEmpty();
        break;
      case "conflict":
        // An earlier write did arrive, or the bucket is another one: ours is the newest all the same.
        this.#send(id);
        break;
      case "failed":
        if (result.error.advice === "person") this.#drop(id, result.error);
        else this.#retryLater((entry.attempts += 1));
        break;
    }
  }

  #retryLater(attempts: number): void {
    if (this.#timer !== null) return;
    const pauseMs = backoffMs({ attempt: attempts, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, Math.random);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sendAll();
    }, pauseMs);
  }

  #drop(id: string, error: NatsFailure): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    const { bucket, key } = entry.write;
    this.#link.logger.warn({ bucket, key, reason: error.message }, "gave up a value that was to be published");
    this.#options.onDropped?.({ bucket, key, error });
    this.#wakeWhenEmpty();
  }

  #wakeWhenEmpty(): void {
    if (this.#entries.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
