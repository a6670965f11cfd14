/** What a connection is to say, in order: nothing twice, and nothing while the same is on its way. */

const KINDS = ["heartbeat", "info", "state"] as const;

/** What a message is about: a device, or with `state` a pair. */
export type MessageKind = (typeof KINDS)[number];

/** A message as a number: a hundred thousand of them may wait. */
export type Message = number;

export function messageOf(kind: MessageKind, about: number): Message {
  return about * KINDS.length + KINDS.indexOf(kind);
}

export function meaningOf(message: Message): { readonly kind: MessageKind; readonly about: number } {
  return { kind: KINDS[message % KINDS.length]!, about: Math.floor(message / KINDS.length) };
}

/** Holds no texts: what a message says is found out only in the moment in which it is sent. */
export class Outgoing {
  readonly #waiting = new Set<Message>();
  /** The same in order: taking the first of a large set again and again costs more and more. */
  #order: Message[] = [];
  #first = 0;
  readonly #sending = new Set<Message>();
  readonly #again = new Set<Message>();

  add(message: Message): void {
    if (this.#sending.has(message)) this.#again.add(message);
    else if (!this.#waiting.has(message)) this.#queue(message);
  }

  /** The next message, which counts as on its way until `done`; null for none. */
  next(): Message | null {
    if (this.#waiting.size === 0) return null;
    const message = this.#order[this.#first]!;
    this.#first += 1;
    if (this.#first * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#first);
      this.#first = 0;
    }
    this.#waiting.delete(message);
    this.#sending.add(message);
    return message;
  }

  done(message: Message): void {
    this.#sending.delete(message);
    if (this.#again.delete(message)) this.#queue(message);
  }

  #queue(message: Message): void {
    this.#waiting.add(message);
    this.#order.push(message);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get sending(): number {
    return this.#sending.size;
  }
}
