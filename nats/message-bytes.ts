/**
 * A delivered message as the client keeps it: the bytes that came. Its public face decodes all of them, which costs more
 * than the rest of a delivery. Where the client keeps it otherwise one day, nothing is found here and the face is asked.
 */
import type { Msg } from "@nats-io/transport-node";

/** The bytes of one message. */
export interface MessageBytes {
  /** Headers, then the payload. */
  readonly whole: Buffer;
  /** How many of them are headers. */
  readonly headerLength: number;
  readonly reply: Uint8Array;
}

interface Kept {
  readonly _msg?: { readonly hdr?: unknown; readonly reply?: unknown };
  readonly _rdata?: unknown;
}

const NOTHING = new Uint8Array(0);

/** The bytes of a message, or null where the client does not show them. */
export function messageBytes(message: Msg): MessageBytes | null {
  const { _msg: parts, _rdata: whole } = message as Msg & Kept;
  if (!(whole instanceof Buffer) || typeof parts?.hdr !== "number") return null;
  const headerLength = Math.max(0, parts.hdr);
  return { whole, headerLength, reply: parts.reply instanceof Uint8Array ? parts.reply : NOTHING };
}
