/** What the server answers to a write, and what that means for the writer. */
import type { Msg } from "@nats-io/transport-node";
import { NatsFailure, jetStreamFailure, type JetStreamErrorBody } from "./errors.ts";

/** What became of a write. `failed`: not known to be written (it may have been). */
export type WriteResult =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "failed"; readonly error: NatsFailure };

const NO_RESPONDERS = 503;
const DECODER = new TextDecoder();

const CODES = { "0": 0x30, ":": 0x3a, "}": 0x7d, q: 0x71, s: 0x73 } as const;
/** Of `{"stream":…`: an error begins with `{"error":…`. */
const FIRST_LETTER = 2;

/**
 * The sequence at the end of `{"stream":"…","seq":7}`, which is what nearly every answer is; null for anything else.
 * Read from the bytes: to decode and parse each answer would cost as much as to send the write.
 */
export function plainSequence(data: Uint8Array): number | null {
  let at = data.length - 1;
  if (data[FIRST_LETTER] !== CODES.s || data[at] !== CODES["}"]) return null;
  let sequence = 0;
  for (let place = 1; at > 0; place *= 10) {
    at -= 1;
    const digit = (data[at] ?? 0) - CODES["0"];
    if (digit < 0 || digit > 9) break;
    sequence += digit * place;
  }
  const isNamed = data[at] === CODES[":"] && data[at - 2] === CODES.q;
  return isNamed && sequence > 0 ? sequence : null;
}

/** The result that an acknowledgement means. `doing` completes "could not …". */
export function resultOf(message: Pick<Msg, "data" | "headers">, doing: string): WriteResult {
  if (message.data.length === 0) return refusalOf(unanswered(message, doing));
  const revision = plainSequence(message.data);
  if (revision !== null) return { kind: "written", revision };
  const answer = acknowledgementIn(message.data);
  if (answer?.error !== undefined) return refusalOf(jetStreamFailure(answer.error, doing));
  if (typeof answer?.seq === "number") return { kind: "written", revision: answer.seq };
  return refusalOf(new NatsFailure(`could not ${doing}: the answer is no acknowledgement`, "retry"));
}

function acknowledgementIn(data: Uint8Array): { seq?: number; error?: JetStreamErrorBody } | null {
  try {
    return JSON.parse(DECODER.decode(data)) as { seq?: number; error?: JetStreamErrorBody } | null;
  } catch {
    return null;
  }
}

/** Any result but an acknowledgement. */
export type Refused = Exclude<WriteResult, { kind: "written" }>;

/** The result that a failure means. */
export function refusalOf(error: NatsFailure): Refused {
  return error.advice === "conflict" ? { kind: "conflict" } : { kind: "failed", error };
}

function unanswered(message: Pick<Msg, "headers">, doing: string): NatsFailure {
  if (message.headers?.code === NO_RESPONDERS) {
    return new NatsFailure(`could not ${doing}: the bucket does not exist yet, or JetStream is off`, "wait");
  }
  return new NatsFailure(`could not ${doing}: the answer is empty`, "retry");
}
