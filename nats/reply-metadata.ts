/** What JetStream says about a delivered message in its reply subject. */

import type { Msg } from "@nats-io/transport-node";
import { messageBytes } from "./message-bytes.ts";

/** Where a message stands in its stream and in the delivery to us. */
export interface ReplyMetadata {
  readonly streamSeq: number;
  /** Counts deliveries of this consumer from 1 without gaps. */
  readonly consumerSeq: number;
  /** When the server stored it, in microseconds since 1970: as exact as a number can hold. */
  readonly atUs: number;
  /** Messages that the consumer still has to deliver after this one, as the server counts. */
  readonly pending: number;
}

// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
const SHORT_DOTS = 8;
const SHORT_STREAM_SEQ = 5;
// $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<random>]
const LONG_DOTS_MIN = 10;
const LONG_STREAM_SEQ = 7;
const NS_DIGITS_BELOW_US = 3;
const PREFIX = Buffer.from("$JS.ACK.", "latin1");
const DOT = 46;
const ZERO = 48;

/** The metadata in the reply subject of a delivered message, or null where it is none. Every delivery costs it once. */
export function parseReplyMetadata(reply: string): ReplyMetadata | null {
  return metadataIn(Buffer.from(reply, "latin1"));
}

/** What the reply subject of a message says, or null where it is no delivery. */
export function replyMetadataOf(message: Msg): ReplyMetadata | null {
  const bytes = messageBytes(message);
  return bytes === null ? parseReplyMetadata(message.reply ?? "") : metadataIn(bytes.reply);
}

function metadataIn(reply: Uint8Array): ReplyMetadata | null {
  for (let at = 0; at < PREFIX.length; at += 1) if (reply[at] !== PREFIX[at]) return null;
  const dots = dotsIn(reply);
  if (dots !== SHORT_DOTS && dots < LONG_DOTS_MIN) return null;
  const streamSeqAt = afterDots(reply, dots === SHORT_DOTS ? SHORT_STREAM_SEQ : LONG_STREAM_SEQ);
  const consumerSeqAt = endOf(reply, streamSeqAt) + 1;
  const timeAt = endOf(reply, consumerSeqAt) + 1;
  const pendingAt = endOf(reply, timeAt) + 1;
  return {
    streamSeq: digits(reply, streamSeqAt, consumerSeqAt - 1),
    consumerSeq: digits(reply, consumerSeqAt, timeAt - 1),
    atUs: digits(reply, timeAt, pendingAt - 1 - NS_DIGITS_BELOW_US),
    pending: digits(reply, pendingAt, endOf(reply, pendingAt)),
  };
}

function dotsIn(reply: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < reply.length; at += 1) if (reply[at] === DOT) count += 1;
  return count;
}

function afterDots(reply: Uint8Array, count: number): number {
  let at = 0;
  for (let dot = 0; dot < count; dot += 1) at = endOf(reply, at) + 1;
  return at;
}

/** Where the token that begins at `from` ends. */
function endOf(reply: Uint8Array, from: number): number {
  let at = from;
  while (at < reply.length && reply[at] !== DOT) at += 1;
  return at;
}

function digits(reply: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + (reply[at] ?? 0) - ZERO;
  return value;
}
