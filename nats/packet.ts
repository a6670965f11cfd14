/**
 * Messages that go out together, written into one piece of memory. The client's own way makes a piece of memory for the
 * first line of each, keeps four for each until it sends, and copies them then: a sixth of what a mirror costs the reconciler.
 */
import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node";

/** As much as the client collects before it sends. */
const PACKET_BYTES = 32 * 1024;
/** What is larger goes the client's way: there, copying is what costs. */
const MESSAGE_MAX = 8 * 1024;
/** What is smaller is copied, so that the memory in which it was put together can be used again. */
const COPIED_MAX = 2 * 1024;
/** `HPUB `, four spaces and ends of lines, and two lengths. */
const AROUND_SUBJECTS = 64;
const CR = 0x0d;
const LF = 0x0a;
const NOTHING = new Uint8Array();

/** One message. Its subjects are in ASCII and hold no spaces. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly reply: string;
  readonly headers: MsgHdrs | undefined;
  readonly payload: Uint8Array | string;
}

/** Where the client takes what goes over the wire. Should it take it elsewhere one day, every message goes the client's way. */
interface Wire {
  readonly sendCommand?: (bytes: Uint8Array) => void;
  readonly info?: { readonly headers?: boolean; readonly max_payload?: number };
}

/** Memory that a small packet gave back: ten thousand connections have a small one each in the same second. */
let spare: Buffer | null = null;

/** Not of a pool: it is the socket's until the kernel has all of it. */
function takeMemory(): Buffer {
  const bytes = spare ?? Buffer.allocUnsafeSlow(PACKET_BYTES);
  spare = null;
  return bytes;
}

/** What goes out on one connection, in the order in which it is added. Call `send` before anything else has a turn. */
export class Packet {
  readonly #connection: NatsConnection;
  #bytes: Buffer | null = null;
  #used = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Throws where the client would: larger than the server takes, or the connection is closed for good. */
  add(message: OutgoingMessage): void {
    const { subject, reply, payload } = message;
    const headers = message.headers === undefined ? NOTHING : encoded(message.headers);
    const body = payload === "" ? NOTHING : payload;
    const length = headers.length + body.length;
    const room = AROUND_SUBJECTS + subject.length + reply.length + length;
    if (typeof body === "string" || room > MESSAGE_MAX || !this.#takes(headers, length)) {
      this.send();
      publish(this.#connection, message);
      return;
    }
    if (this.#used + room > PACKET_BYTES) this.send();
    const bytes = (this.#bytes ??= takeMemory());
    const isPlain = headers === NOTHING;
    const lengths = isPlain ? `${length}` : `${headers.length} ${length}`;
    let at = this.#used;
    at += bytes.write(`${isPlain ? "PUB" : "HPUB"} ${subject} ${reply} ${lengths}\r\n`, at, "latin1");
    bytes.set(headers, at);
    at += headers.length;
    bytes.set(body, at);
    at += body.length;
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.#used = at + 2;
  }

  /** Hands over what was added. */
  send(): void {
    const bytes = this.#bytes;
    if (bytes === null) return;
    const used = bytes.subarray(0, this.#used);
    this.#bytes = null;
    this.#used = 0;
    const isSmall = used.length <= COPIED_MAX;
    wireOf(this.#connection)?.sendCommand?.(isSmall ? Buffer.from(used) : used);
    if (isSmall) spare = bytes;
  }

  /** False where the client has something to say about it, and where it is not known how to do without it. */
  #takes(headers: Uint8Array, length: number): boolean {
    const wire = wireOf(this.#connection);
    if (typeof wire?.sendCommand !== "function" || wire.info?.max_payload === undefined) return false;
    if (this.#connection.isClosed() || this.#connection.isDraining()) return false;
    return length <= wire.info.max_payload && (headers === NOTHING || wire.info.headers === true);
  }
}

/** One message the client's way. */
export function publish(connection: NatsConnection, { subject, reply, headers, payload }: OutgoingMessage): void {
  connection.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
}

function encoded(headers: MsgHdrs): Uint8Array {
  return (headers as MsgHdrs & { encode(): Uint8Array }).encode();
}

function wireOf(connection: NatsConnection): Wire | undefined {
  return (connection as NatsConnection & { readonly protocol?: Wire }).protocol;
}
