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

/** The result that an acknowledgement means. `doing` completes "could not …". */
export function resultOf(message: Pick<Msg, "data" | "headers">, doing: string): WriteResult {
  if (message.data.length === 0) return failed(unanswered(message, doing));
  const answer = acknowledgementIn(message.data);
  if (answer?.error !== undefined) return failed(jetStreamFailure(answer.error, doing));
  if (typeof answer?.seq === "number") return { kind: "written", revision: answer.seq };
  return failed(new NatsFailure(`could not ${doing}: the answer is no acknowledgement`, "retry"));
}

function acknowledgementIn(data: Uint8Array): { seq?: number; error?: JetStreamErrorBody } | null {
  try {
    return JSON.parse(DECODER.decode(data)) as { seq?: number; error?: JetStreamErrorBody } | null;
  } catch {
    return null;
  }
}

/** The result that a failure means. */
export function failed(error: NatsFailure): WriteResult {
  return error.advice === "conflict" ? { kind: "conflict" } : { kind: "failed", error };
}

function unanswered(message: Pick<Msg, "headers">, doing: string): NatsFailure {
  if (message.headers?.code === NO_RESPONDERS) {
    return new NatsFailure(`could not ${doing}: the bucket does not exist yet, or JetStream is off`, "wait");
  }
  return new NatsFailure(`could not ${doing}: the answer is empty`, "retry");
}
