/** Questions on one connection, each with one answer. */
import { errors, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { coarseMs } from "#runtime/clock.ts";
import { disconnected, mayNotUse, toNatsFailure } from "./errors.ts";
import type { InboxPart } from "./inbox.ts";
import type { NatsLink, PermissionRefusal } from "./link.ts";
import { Packet } from "./packet.ts";

const NO_RESPONDERS = 503;
/** Nobody needs to be given up to the millisecond. */
const SWEEP_MIN_MS = 20;

/** What is asked, and how long an answer is waited for. */
export interface Question {
  readonly subject: string;
  readonly payload?: Uint8Array | string;
  readonly headers?: MsgHdrs | undefined;
  /** Completes "could not …" in errors. */
  readonly doing: string;
  readonly timeoutMs: number;
  /**
   * For what may be asked twice: asked again where there is no answer after this time, then after twice as long, and so on,
   * since a question can get lost. What was asked first stays asked: who gave it up would go to the end of the line.
   */
  readonly askAgainMs?: number | undefined;
  /** Gives up early. */
  readonly signal?: AbortSignal | undefined;
}

/** Who asked: is told one of the two, once. */
export interface Asker {
  answered(answer: Msg): void;
  /** A NatsFailure: no answer in time, nobody there, not allowed, connection lost, given up. */
  failed(error: Error): void;
}

interface Pending {
  readonly id: number;
  readonly question: Question;
  readonly asker: Asker;
  /** Listens to the question's signal. */
  readonly giveUp: (() => void) | null;
  readonly untilMs: number;
  againAtMs: number;
  pauseMs: number;
}

/** What of a link it takes. */
export type QuestionsWay = Pick<NatsLink, "inbox" | "connection" | "connected" | "onStatus" | "onRefusal">;

/**
 * Asks, and hands each answer to who asked. The client library can do the same; it makes an error with its stack for each
 * question, answered or not, and sends each by itself.
 */
export class Questions {
  readonly #way: QuestionsWay;
  readonly #inbox: InboxPart;
  readonly #packet: Packet;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #toSend: Pending[] = [];
  /** One for all, and left as it is when all is answered, as most often it is long before. */
  #timer: NodeJS.Timeout | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  /** Not all connections ask at once again. */
  readonly #pace = 0.75 + Math.random() / 2;

  constructor(way: QuestionsWay) {
    this.#way = way;
    this.#packet = new Packet(way.connection);
    this.#inbox = way.inbox.open({
      answered: (message, id) => this.#answered(message, id),
      failed: (error) => this.#failAll(({ doing }) => toNatsFailure(error, doing)),
    });
    way.onStatus((connected) => {
      if (!connected) this.#failAll(({ doing }) => disconnected(doing));
    });
    way.onRefusal((refusal) => this.#refused(refusal));
  }

  /** The message that answers. Rejects with what an asker is told. */
  ask(question: Question): Promise<Msg> {
    return new Promise((resolve, reject) => this.put(question, { answered: resolve, failed: reject }));
  }

  /** The same for who is told: ten thousand devices that come back together ask thirty thousand questions. */
  put(question: Question, asker: Asker): void {
    const { doing, signal, timeoutMs, askAgainMs = Number.POSITIVE_INFINITY } = question;
    if (!this.#way.connected() || signal?.aborted === true) {
      asker.failed(disconnected(doing));
      return;
    }
    const id = this.#next++;
    const nowMs = performance.now();
    const giveUp = signal === undefined ? null : (): void => this.#fail(id, disconnected(doing));
    const untilMs = nowMs + timeoutMs;
    const againAtMs = nowMs + askAgainMs * this.#pace;
    const pending = { id, question, asker, giveUp, untilMs, againAtMs, pauseMs: askAgainMs };
    if (giveUp !== null) signal?.addEventListener("abort", giveUp, { once: true });
    this.#pending.set(id, pending);
    this.#wakeAt(dueMs(pending), nowMs);
    this.#sendSoon(pending);
  }

  /** What is asked in one moment goes together: a packet for each costs both sides, and who pays by the byte, as much again. */
  #sendSoon(pending: Pending): void {
    this.#toSend.push(pending);
    if (this.#toSend.length > 1) return;
    process.nextTick(() => {
      const toSend = this.#toSend;
      this.#toSend = [];
      for (const each of toSend) this.#send(each);
      this.#packet.send();
    });
  }

  #send({ id, question: { subject, payload = "", headers, doing } }: Pending): void {
    if (!this.#pending.has(id)) return;
    try {
      this.#packet.add({ subject, reply: this.#inbox.replyTo(id), headers, payload });
    } catch (error) {
      this.#fail(id, toNatsFailure(error, doing));
    }
  }

  #answered(message: Msg, id: number): void {
    const pending = this.#take(id);
    if (pending === undefined) return;
    const { subject, doing } = pending.question;
    const isNobodyThere = message.data.length === 0 && message.headers?.code === NO_RESPONDERS;
    if (isNobodyThere) pending.asker.failed(toNatsFailure(new errors.NoRespondersError(subject), doing));
    else pending.asker.answered(message);
  }

  #refused({ operation, subject }: PermissionRefusal): void {
    if (operation !== "publish") return;
    this.#failAll(
      ({ doing }) => mayNotUse(subject, doing),
      (question) => question.subject === subject,
    );
  }

  #failAll(failure: (question: Question) => Error, which: (question: Question) => boolean = () => true): void {
    // Whoever is told may ask again at once.
    const pending = [...this.#pending.values()].filter(({ question }) => which(question));
    for (const { id, question } of pending) this.#fail(id, failure(question));
  }

  #fail(id: number, error: Error): void {
    this.#take(id)?.asker.failed(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    if (pending.giveUp !== null) pending.question.signal?.removeEventListener("abort", pending.giveUp);
    return pending;
  }

  #wakeAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAtMs = atMs;
    this.#timer = setTimeout(() => this.#sweep(), coarseMs(Math.max(SWEEP_MIN_MS, atMs - nowMs)));
    // Who waits for an answer has a connection that keeps the program running.
    this.#timer.unref();
  }

  /** Gives up what is over, and asks again what is due. */
  #sweep(): void {
    this.#timer = null;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const pending of this.#pending.values()) {
      const { id, question, untilMs } = pending;
      if (untilMs <= nowMs) {
        this.#fail(id, toNatsFailure(new errors.TimeoutError(), question.doing));
        continue;
      }
      if (pending.againAtMs <= nowMs) {
        pending.pauseMs *= 2;
        pending.againAtMs = nowMs + pending.pauseMs * this.#pace;
        this.#sendSoon(pending);
      }
      nextMs = Math.min(nextMs, dueMs(pending));
    }
    if (this.#pending.size > 0) this.#wakeAt(nextMs, nowMs);
  }
}

function dueMs({ untilMs, againAtMs }: Pending): number {
  return Math.min(untilMs, againAtMs);
}
