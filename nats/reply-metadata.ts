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
const DOTS_MAX = 12;
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
  const dots = findDots(reply);
  if (dots !== SHORT_DOTS && dots < LONG_DOTS_MIN) return null;
  const first = (dots === SHORT_DOTS ? SHORT_STREAM_SEQ : LONG_STREAM_SEQ) - 1;
  const dotAt = (nth: number): number => dotsAt[first + nth] ?? 0;
  return {
    streamSeq: digits(reply, dotAt(0), dotAt(1)),
    consumerSeq: digits(reply, dotAt(1), dotAt(2)),
    atUs: digits(reply, dotAt(2), dotAt(3) - NS_DIGITS_BELOW_US),
    pending: digits(reply, dotAt(3), first + 4 < dots ? dotAt(4) : reply.length),
  };
}

/** Where the dots of the text that was looked at last are; of no use beyond one call. */
const dotsAt = new Uint32Array(DOTS_MAX);

/** Finds the dots, no more than matter; returns how many. */
function findDots(text: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < text.length && count < DOTS_MAX; at += 1) {
    if (text[at] !== DOT) continue;
    dotsAt[count] = at;
    count += 1;
  }
  return count;
}

/** The number between a dot and an end. */
function digits(text: Uint8Array, dot: number, end: number): number {
  let value = 0;
  for (let at = dot + 1; at < end; at += 1) value = value * 10 + (text[at] ?? 0) - ZERO;
  return value;
}
