/** Many writes at once: pipelined, each acknowledged, with a bounded number in flight. */
import type { Msg } from "@nats-io/transport-node";
import { BoundedQueue } from "./bounded-queue.ts";
import { disconnected, NatsFailure, toNatsFailure } from "./errors.ts";
import type { NatsLink, PermissionRefusal } from "./link.ts";
import { headersOf } from "./message-headers.ts";
import type { InboxPart } from "./inbox.ts";
import { InFlight } from "./in-flight.ts";
import { Packet, publish, type OutgoingMessage } from "./packet.ts";
import { plainSequence, refusalOf, resultOf, type Refused, type WriteResult } from "./publish-answer.ts";
import { isKey } from "./subjects.ts";
import { payloadOf, type Write } from "./write.ts";
import { promisedAnswer, type WriteSink, type WriteSource } from "./write-source.ts";
export type { WriteResult } from "./publish-answer.ts";
export type { Write } from "./write.ts";
export type { WriteSource } from "./write-source.ts";

const WINDOW = 1_024;
const TIMEOUT_MS = 5_000;
const TIMEOUT_CHECKS = 10;
/** Nobody waits longer than this for a turn because of what is sent. */
const FILL_MS = 4;
const SENT_PER_LOOK = 64;
const REFILL_SHARE = 0.875;
/** Writes that wait for room while their writers do not look at `ready`. */
const QUEUE_PER_WINDOW = 64;

/** A pipeline of writes. */
export interface Writer {
  /** Sends at once while there is room, else as soon as there is. Never rejects. */
  write(write: Write): Promise<WriteResult>;
  /**
   * Sends what the source gives, asking it for each write in the moment in which it can be sent; single writes pass it.
   * Resolves when the source has no more: the last answers may still be on their way, so that the next source follows
   * without a pause.
   */
  pour(source: WriteSource): Promise<void>;
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

interface Waiting {
  readonly write: Write;
  readonly sink: WriteSink;
}

interface Pouring {
  readonly source: WriteSource;
  readonly done: () => void;
}

class Pipeline implements Writer {
  readonly #link: NatsLink;
  readonly #timeoutMs: number;
  readonly #inbox: InboxPart;
  readonly #cleanUp: (() => void)[];
  readonly #inFlight: InFlight;
  readonly #packet: Packet;
  readonly #queue: BoundedQueue<Waiting>;
  /** The first one is being poured. */
  readonly #sources: Pouring[] = [];
  /** From so few writes in flight on it is worth to send more. */
  readonly #refillAt: number;
  #filling = false;
  /** Null in a turn in which nothing was sent yet. */
  #sendUntilMs: number | null = null;
  #waiting: (() => void)[] = [];
  #flushing: (() => void)[] = [];
  #nowMs = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(link: NatsLink, window: number, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#inFlight = new InFlight(window);
    this.#packet = new Packet(link.connection);
    this.#refillAt = Math.floor(window * REFILL_SHARE);
    this.#queue = new BoundedQueue(window * QUEUE_PER_WINDOW);
    this.#inbox = link.inbox.open({
      answered: (message, id) => this.#answered(message, id),
      failed: (error) => this.#failAll(toNatsFailure(error, "receive acknowledgements")),
    });
    this.#cleanUp = [
      link.onStatus((connected) => {
        // Whether they arrived is not known; whoever cares looks at the bucket.
        if (!connected && !this.#isIdle()) this.#failAll(disconnected("write"));
      }),
      link.onRefusal((refusal) => this.#refused(refusal)),
    ];
  }

  write(write: Write): Promise<WriteResult> {
    return new Promise((resolve) => {
      const sink = promisedAnswer(resolve);
      if (this.#nothingWaits() && this.#inFlight.hasRoom()) this.#send(write, sink);
      else if (!this.#queue.push({ write, sink })) {
        sink.refused(write, refusalOf(new NatsFailure("could not write: too much is waiting already", "retry")));
      }
    });
  }

  pour(source: WriteSource): Promise<void> {
    return new Promise((done) => {
      this.#sources.push({ source, done });
      this.#goOn();
    });
  }

  ready(): Promise<void> {
    if (this.#nothingWaits() && this.#inFlight.hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  flush(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#flushing.push(resolve));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const clean of this.#cleanUp) clean();
    this.#inbox.close();
    this.#failAll(new NatsFailure("could not write: the writer was closed", "retry"));
  }

  #isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#nothingWaits();
  }

  #nothingWaits(): boolean {
    return this.#queue.size === 0 && this.#sources.length === 0;
  }

  #send(write: Write, sink: WriteSink): void {
    const problem = this.#problemWith(write);
    if (problem !== null) {
      sink.refused(write, refusalOf(problem));
      return;
    }
    const payload = payloadOf(write);
    const subject = this.#link.publishSubjectOf(write.bucket, write.key);
    try {
      const reply = this.#inbox.replyTo(this.#inFlight.nextId);
      this.#publish({ subject, reply, headers: headersOf(write), payload });
    } catch (error) {
      sink.refused(write, refusalOf(toNatsFailure(error, `write ${write.key}`)));
      return;
    }
    if (this.#timer === null) this.#startTimer();
    this.#inFlight.add(write, { sink, bytes: payload.length, nowMs: this.#nowMs });
  }

  #publish(message: OutgoingMessage): void {
    if (this.#filling) this.#packet.add(message);
    else publish(this.#link.connection, message);
  }

  #problemWith(write: Write): NatsFailure | null {
    if (this.#closed) return new NatsFailure("could not write: the writer was closed", "retry");
    if (!this.#link.connected()) return disconnected(`write ${write.key}`);
    if (!isKey(write.key)) return new NatsFailure(`could not write ${write.key}: this is not a key`, "person");
    return null;
  }

  #answered(message: Msg, id: number): void {
    this.#inFlight.take(id, message, tellAnswer);
    // Many writes in one go, since each go costs; but not only when all answers that have come are read, which are up to all
    // that are on their way: the server would have nothing to do meanwhile.
    if (this.#nothingWaits() || this.#inFlight.size <= this.#refillAt) this.#goOn();
  }

  /** Until when it may send in this turn of the event loop. What is left then follows when everybody else had theirs. */
  #turnUntilMs(): number {
    if (this.#sendUntilMs === null) {
      this.#sendUntilMs = performance.now() + FILL_MS;
      setImmediate(() => {
        this.#sendUntilMs = null;
        this.#goOn();
      });
    }
    return this.#sendUntilMs;
  }

  /** Fills the room that has become free, and wakes who waited for it. */
  #goOn(): void {
    this.#fill();
    if (!this.#nothingWaits()) return;
    if (this.#waiting.length > 0 && this.#inFlight.hasRoom()) this.#waiting = wake(this.#waiting);
    if (this.#inFlight.size === 0) {
      this.#flushing = wake(this.#flushing);
      this.#stopTimer();
    }
  }

  #fill(): void {
    // What a source is told may lead it back here.
    if (this.#filling) return;
    this.#filling = true;
    try {
      for (let sent = 0; !this.#nothingWaits() && this.#inFlight.hasRoom(); sent += 1) {
        if (sent % SENT_PER_LOOK === 0 && performance.now() > this.#turnUntilMs()) break;
        const next = this.#queue.shift();
        if (next === undefined) this.#pourOne();
        else this.#send(next.write, next.sink);
      }
    } finally {
      this.#packet.send();
      this.#filling = false;
    }
  }

  #pourOne(): void {
    const pouring = this.#sources[0];
    if (pouring === undefined) return;
    const { source, done } = pouring;
    const write = source.next();
    if (write !== null) {
      this.#send(write, source);
      return;
    }
    this.#sources.shift();
    done();
  }

  #failAll(error: NatsFailure): void {
    const result = refusalOf(error);
    for (const { id } of this.#inFlight.all()) this.#refuse(id, result);
    for (const { write, sink } of this.#queue.drain()) sink.refused(write, result);
    this.#goOn();
  }

  #refuse(id: number, result: Refused): void {
    this.#inFlight.take(id, result, tellRefused);
  }

  #refused({ operation, subject }: PermissionRefusal): void {
    if (operation !== "publish") return;
    for (const { id, write } of this.#inFlight.all()) {
      if (this.#link.publishSubjectOf(write.bucket, write.key) !== subject) continue;
      const message = `could not write ${write.key}: the NATS user may not publish it; grant it in the server's configuration`;
      this.#refuse(id, refusalOf(new NatsFailure(message, "person")));
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
    for (const { id, write, sentAtMs } of this.#inFlight.all()) {
      if (this.#nowMs - sentAtMs < this.#timeoutMs) break;
      const message = `could not write ${write.key}: no acknowledgement within ${this.#timeoutMs} ms`;
      this.#refuse(id, refusalOf(new NatsFailure(message, "retry")));
    }
    this.#goOn();
  }
}

function tellAnswer(sink: WriteSink, write: Write, message: Msg): void {
  const revision = plainSequence(message.data);
  if (revision === null) tell(sink, write, resultOf(message, `write ${write.key}`));
  else sink.written(write, revision);
}

function tell(sink: WriteSink, write: Write, result: WriteResult): void {
  if (result.kind === "written") sink.written(write, result.revision);
  else sink.refused(write, result);
}

function tellRefused(sink: WriteSink, write: Write, result: Refused): void {
  sink.refused(write, result);
}

function wake(waiting: (() => void)[]): (() => void)[] {
  for (const resolve of waiting) resolve();
  return [];
}
