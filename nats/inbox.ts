/** Where the answers of one connection arrive: one subscription for whoever asks or writes. */
import { randomBytes } from "node:crypto";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { endSubscription } from "./end-subscription.ts";
import type { NatsLink } from "./link.ts";

const TOKEN_CHARS = 10;
/** Ends the number of a part. */
const PART_END = "-";

/** Who is told; synchronously. */
export interface InboxHandlers {
  /** `id` is what `replyTo` was asked for. */
  answered(message: Msg, id: number): void;
  /** Nothing will be answered: the user may not listen. */
  failed(error: Error): void;
}

/** The part of an inbox that belongs to one asker. */
export interface InboxPart {
  /** The reply subject under which an answer reaches this part. */
  replyTo(id: number): string;
  close(): void;
}

/** What of a link it takes. */
export type InboxWay = Pick<NatsLink, "connection" | "connected" | "onStatus" | "options">;

/**
 * A subscription with a wildcard costs the server more than a question when ten thousand connections come back, so that
 * each has one. It begins with the first question.
 */
export class Inbox {
  readonly #way: InboxWay;
  readonly #prefix: string;
  readonly #parts = new Map<number, InboxHandlers>();
  #nextPart = 0;
  #subscription: Subscription | null = null;

  constructor(way: InboxWay) {
    this.#way = way;
    this.#prefix = `${way.options.inboxPrefix}.${token()}.`;
    // It begins anew with the next question, so that the two go together.
    way.onStatus((connected) => {
      if (connected || this.#subscription === null) return;
      endSubscription(way, this.#subscription);
      this.#subscription = null;
    });
  }

  /** A part of its own. */
  open(handlers: InboxHandlers): InboxPart {
    const part = this.#nextPart++;
    const prefix = `${this.#prefix}${part}${PART_END}`;
    this.#parts.set(part, handlers);
    return {
      replyTo: (id) => {
        this.#listen();
        return prefix + id;
      },
      close: () => void this.#parts.delete(part),
    };
  }

  #listen(): void {
    if (this.#subscription !== null) return;
    this.#subscription = this.#way.connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
        else this.#failed(error);
      },
    });
  }

  #answered(message: Msg): void {
    const { subject } = message;
    const from = this.#prefix.length;
    const end = subject.indexOf(PART_END, from);
    this.#parts.get(numberIn(subject, from, end))?.answered(message, numberIn(subject, end + 1, subject.length));
  }

  #failed(error: Error): void {
    // The client gave this subscription up; the right may be granted later.
    this.#subscription = null;
    for (const part of this.#parts.values()) part.failed(error);
  }
}

/**
 * Goes over the wire twice with each write, so it is no longer than it must be: of 60 random bits, a million connections at
 * once share one with a chance of one in two million.
 */
function token(): string {
  return randomBytes(8).toString("base64url").slice(0, TOKEN_CHARS);
}

const ZERO = 0x30;

/** Digits as a number, without a text of their own: a mirror gets a million answers. NaN where something else stands there. */
function numberIn(text: string, from: number, to: number): number {
  let number = from < to ? 0 : Number.NaN;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    number = digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN;
  }
  return number;
}
