/** What JetStream says about a delivered message in its reply subject. */

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
const PREFIX = "$JS.ACK.";
const DOT = 46;
const ZERO = 48;

/** The metadata in the reply subject of a delivered message, or null where it is none. Every delivery costs it once. */
export function parseReplyMetadata(reply: string): ReplyMetadata | null {
  if (!reply.startsWith(PREFIX)) return null;
  const dots = dotsIn(reply);
  if (dots !== SHORT_DOTS && dots < LONG_DOTS_MIN) return null;
  const streamSeqAt = afterDots(reply, dots === SHORT_DOTS ? SHORT_STREAM_SEQ : LONG_STREAM_SEQ);
  const consumerSeqAt = reply.indexOf(".", streamSeqAt) + 1;
  const timeAt = reply.indexOf(".", consumerSeqAt) + 1;
  const pendingAt = reply.indexOf(".", timeAt) + 1;
  const end = reply.indexOf(".", pendingAt);
  return {
    streamSeq: digits(reply, streamSeqAt, consumerSeqAt - 1),
    consumerSeq: digits(reply, consumerSeqAt, timeAt - 1),
    atUs: digits(reply, timeAt, pendingAt - 1 - NS_DIGITS_BELOW_US),
    pending: digits(reply, pendingAt, end < 0 ? reply.length : end),
  };
}

function dotsIn(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) === DOT) count += 1;
  return count;
}

function afterDots(text: string, count: number): number {
  let at = 0;
  for (let dot = 0; dot < count; dot += 1) at = text.indexOf(".", at) + 1;
  return at;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + text.charCodeAt(at) - ZERO;
  return value;
}
