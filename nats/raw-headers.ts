/** Headers of a delivered message, read from its bytes where they stand: to decode them all costs more than the rest of a delivery. */
import type { Msg } from "@nats-io/transport-node";

/** A header's value by its exact name, or undefined. */
export type Headers = (name: string) => string | undefined;

const FIRST_LINE = "NATS/1.0";
const NONE: Headers = () => undefined;

/** The client's messages know how many bytes they were on the wire, although their type does not say so. */
type Sized = Msg & { readonly size?: () => number };

/** The headers of a message. They are looked for when somebody asks. */
export function rawHeadersOf(message: Msg): Headers {
  const text = headerText(message);
  if (text === "") return NONE;
  return text === null ? (name) => headerOf(message, name) : (name) => valueIn(text, name);
}

/** The bytes between subject and payload; empty where there are none, null where they are not found. */
function headerText(message: Sized): string | null {
  const { subject, reply = "", data } = message;
  const size = message.size?.();
  if (size === undefined) return null;
  const length = size - data.length - Buffer.byteLength(subject) - Buffer.byteLength(reply);
  if (length <= 0) return "";
  // Only where the client keeps a message in one piece do its headers stand right before its payload.
  const end = data.byteOffset;
  if (end < length) return null;
  const text = bytesOf(data.buffer).toString("utf8", end - length, end);
  return text.startsWith(FIRST_LINE) ? text : null;
}

let lastBytes: Buffer = Buffer.alloc(0);

/** Many messages stand in one piece of memory, as they came from the server. */
function bytesOf(memory: ArrayBufferLike): Buffer {
  if (lastBytes.buffer !== memory) lastBytes = Buffer.from(memory);
  return lastBytes;
}

function valueIn(text: string, name: string): string | undefined {
  const at = text.indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const from = at + 2 + name.length + 1;
  return text.slice(from, text.indexOf("\r\n", from)).trim();
}

/** One header's value as the client decodes it, or undefined. */
export function headerOf(message: Pick<Msg, "headers">, name: string): string | undefined {
  return message.headers?.has(name) === true ? message.headers.get(name) : undefined;
}
