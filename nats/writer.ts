/** Many writes at once: pipelined, each acknowledged, with a bounded number in flight. */
import { nuid, type Msg, type Subscription } from "@nats-io/transport-node";
import { BoundedQueue } from "./bounded-queue.ts";
import { NatsFailure, toNatsFailure } from "./errors.ts";
import type { NatsLink, PermissionRefusal } from "./link.ts";
import { headersOf } from "./message-headers.ts";
import { failed, resultOf, type WriteResult } from "./publish-answer.ts";
import { disconnected } from "./request.ts";
import { isKey } from "./subjects.ts";
import { payloadOf, type Write } from "./write.ts";
export type { WriteResult } from "./publish-answer.ts";
export type { Write } from "./write.ts";

const WINDOW = 1_024;
/** So that large values do not fill memory before the server takes them. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 5_000;
const TIMEOUT_CHECKS = 10;
/** Writes that wait for room while their writers do not look at `ready`. */
const QUEUE_PER_WINDOW = 64;

/** A pipeline of writes. */
export interface Writer {
  /** Sends at once while there is room, else as soon as there is. Never rejects. */
  write(write: Write): Promise<WriteResult>;
  /** Resolves when there is room for another write. */
  ready(): Promise<void>;
  /** Resolves when no write is outstanding. */
  flush(): Promise<void>;
  /** Fails what is outstanding and ends. */
  close(): void;
}

/** Limits of a writer. */
export interface WriterOptions {
  /** Most writes in flight; 1,024 when left out. */
  readonly window?: number;
  /** How long an acknowledgement may take; 5 s when left out. */
  readonly timeoutMs?: number;
}

/** A writer over a link; `close` it when done. */
export function createWriter(link: NatsLink, options: WriterOptions = {}): Writer {
  return new Pipeline(link, options.window ?? WINDOW, options.timeoutMs ?? TIMEOUT_MS);
}

interface Pending {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly bytes: number;
  sentAtMs: number;
}

class Pipeline implements Writer {
  readonly #link: NatsLink;
  readonly #window: number;
  readonly #timeoutMs: number;
  readonly #inbox: string;
  readonly #answers: Subscription;
  readonly #cleanUp: (() => void)[];
  /** In the order in which they were sent. */
  readonly #inFlight = new Map<number, Pending>();
  #bytesInFlight = 0;
  readonly #queue: BoundedQueue<Pending>;
  #waiting: (() => void)[] = [];
  #flushing: (() => void)[] = [];
  #lastId = 0;
  #nowMs = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(link: NatsLink, window: number, timeoutMs: number) {
    this.#link = link;
    this.#window = window;
    this.#timeoutMs = timeoutMs;
    this.#queue = new BoundedQueue(window * QUEUE_PER_WINDOW);
    this.#inbox = `${link.options.inboxPrefix}.${nuid.next()}.`;
    this.#answers = link.connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
        else this.#failAll(toNatsFailure(error, "receive acknowledgements"));
      },
    });
    this.#cleanUp = [
      link.onStatus((connected) => {
        // Whether they arrived is not known; whoever cares looks at the bucket.
        if (!connected) this.#failAll(disconnected("write"));
      }),
      link.onRefusal((refusal) => this.#refused(refusal)),
    ];
  }

  write(write: Write): Promise<WriteResult> {
    return new Promise((resolve) => {
      const pending: Pending = { write, resolve, bytes: payloadOf(write).length, sentAtMs: 0 };
      if (this.#queue.size === 0 && this.#hasRoom()) this.#send(pending);
      else if (!this.#queue.push(pending)) {
        resolve(failed(new NatsFailure("could not write: too much is waiting already", "retry")));
      }
    });
  }

  ready(): Promise<void> {
    if (this.#queue.size === 0 && this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  flush(): Promise<void> {
    if (this.#inFlight.size === 0 && this.#queue.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushing.push(resolve));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const clean of this.#cleanUp) clean();
    this.#answers.unsubscribe();
    this.#failAll(new NatsFailure("could not write: the writer was closed", "retry"));
  }

  #hasRoom(): boolean {
    return this.#inFlight.size < this.#window && this.#bytesInFlight < WINDOW_BYTES;
  }

  #send(pending: Pending): void {
    const { write } = pending;
    const problem = this.#problemWith(write);
    if (problem !== null) {
      pending.resolve(failed(problem));
      return;
    }
    const id = (this.#lastId += 1);
    const subject = this.#link.publishSubjectOf(write.bucket, write.key);
    try {
      const headers = headersOf(write);
      const reply = this.#inbox + id;
      this.#link.connection.publish(subject, payloadOf(write), headers === undefined ? { reply } : { reply, headers });
    } catch (error) {
      pending.resolve(failed(toNatsFailure(error, `write ${write.key}`)));
      return;
    }
    if (this.#timer === null) this.#startTimer();
    pending.sentAtMs = this.#nowMs;
    this.#bytesInFlight += pending.bytes;
    this.#inFlight.set(id, pending);
  }

  #problemWith(write: Write): NatsFailure | null {
    if (this.#closed) return new NatsFailure("could not write: the writer was closed", "retry");
    if (!this.#link.connected()) return disconnected(`write ${write.key}`);
    if (!isKey(write.key)) return new NatsFailure(`could not write ${write.key}: this is not a key`, "person");
    return null;
  }

  #answered(message: Msg): void {
    const id = Number(message.subject.slice(this.#inbox.length));
    const pending = this.#inFlight.get(id);
    // Too late: it was given up already.
    if (pending === undefined) return;
    this.#settle(id, pending, resultOf(message, `write ${pending.write.key}`));
    this.#goOn();
  }

  #settle(id: number, pending: Pending, result: WriteResult): void {
    this.#inFlight.delete(id);
    this.#bytesInFlight -= pending.bytes;
    pending.resolve(result);
  }

  /** Fills the room that has become free, and wakes who waited for it. */
  #goOn(): void {
    while (this.#queue.size > 0 && this.#hasRoom()) {
      const next = this.#queue.shift();
      if (next !== undefined) this.#send(next);
    }
    if (this.#queue.size > 0) return;
    if (this.#hasRoom()) this.#waiting = wake(this.#waiting);
    if (this.#inFlight.size === 0) {
      this.#flushing = wake(this.#flushing);
      this.#stopTimer();
    }
  }

  #failAll(error: NatsFailure): void {
    const result = failed(error);
    for (const [id, pending] of this.#inFlight) this.#settle(id, pending, result);
    for (const pending of this.#queue.drain()) pending.resolve(result);
    this.#goOn();
  }

  #refused({ operation, subject }: PermissionRefusal): void {
    if (operation !== "publish") return;
    for (const [id, pending] of this.#inFlight) {
      const { write } = pending;
      if (this.#link.publishSubjectOf(write.bucket, write.key) !== subject) continue;
      const message = `could not write ${write.key}: the NATS user may not publish it; grant it in the server's configuration`;
      this.#settle(id, pending, failed(new NatsFailure(message, "person")));
    }
    this.#goOn();
  }

  #startTimer(): void {
    this.#nowMs = performance.now();
    this.#timer = setInterval(() => this.#failLate(), this.#timeoutMs / TIMEOUT_CHECKS);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #failLate(): void {
    this.#nowMs = performance.now();
    for (const [id, pending] of this.#inFlight) {
      if (this.#nowMs - pending.sentAtMs < this.#timeoutMs) break;
      const message = `could not write ${pending.write.key}: no acknowledgement within ${this.#timeoutMs} ms`;
      this.#settle(id, pending, failed(new NatsFailure(message, "retry")));
    }
    this.#goOn();
  }
}

function wake(waiting: (() => void)[]): (() => void)[] {
  for (const resolve of waiting) resolve();
  return [];
}
