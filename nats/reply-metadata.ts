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
const SHORT_TOKENS = 9;
const SHORT_STREAM_SEQ = 5;
// $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<random>]
const LONG_TOKENS_MIN = 11;
const LONG_STREAM_SEQ = 7;
const NS_DIGITS_BELOW_US = 3;

/** The metadata in the reply subject of a delivered message, or null where it is none. */
export function parseReplyMetadata(reply: string): ReplyMetadata | null {
  if (!reply.startsWith("$JS.ACK.")) return null;
  const tokens = reply.split(".");
  const isShort = tokens.length === SHORT_TOKENS;
  if (!isShort && tokens.length < LONG_TOKENS_MIN) return null;
  const first = isShort ? SHORT_STREAM_SEQ : LONG_STREAM_SEQ;
  return {
    streamSeq: Number(tokens[first]),
    consumerSeq: Number(tokens[first + 1]),
    atUs: Number(tokens[first + 2]?.slice(0, -NS_DIGITS_BELOW_US)),
    pending: Number(tokens[first + 3]),
  };
}
