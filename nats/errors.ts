/** What went wrong between us and NATS, sorted by what to do next. JetStream errors are told apart by code, never by text. */
import { errors } from "@nats-io/transport-node";

/**
 * What to do next:
 * `retry` soon (it may work), `wait` (something has to appear first, such as a bucket),
 * `conflict` (somebody else wrote; look again), `person` (no retry will help).
 */
export type NatsAdvice = "retry" | "wait" | "conflict" | "person";

/** The codes that this program meets (server/errors.json of nats-server). */
export const JS_CODES = {
  temporarilyUnavailable: 10008,
  consumerNotFound: 10014,
  noMessageFound: 10037,
  notEnabledForAccount: 10039,
  messageTooLarge: 10054,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  wrongLastSequence: 10071,
  replicasNeedCluster: 10074,
  notEnabled: 10076,
  storeFailed: 10077,
  rollupRefused: 10111,
  wrongLastSequenceUnknown: 10164,
} as const;

const CONFLICTS = new Set<number>([JS_CODES.wrongLastSequence, JS_CODES.wrongLastSequenceUnknown]);
const WAITS = new Set<number>([JS_CODES.streamNotFound]);
const RETRIES = new Set<number>([JS_CODES.temporarilyUnavailable, JS_CODES.consumerNotFound]);

/** Since 2.11 a stream takes no more than 10,000 messages that wait to be stored. */
const TOO_MANY = 429;

const NEXT_STEP = new Map<number, string>([
  [JS_CODES.notEnabledForAccount, "enable JetStream for this account in the NATS server's configuration"],
  [JS_CODES.notEnabled, "start nats-server with JetStream (-js, or jetstream {} in its configuration)"],
  [JS_CODES.messageTooLarge, "make the value smaller: the bucket has a limit on messages"],
  [JS_CODES.streamNameInUse, "a stream of this name exists with other settings; compare it with `nats stream info`"],
  [JS_CODES.subjectsOverlap, "another stream already takes these subjects; choose a --bucket-prefix"],
  [JS_CODES.replicasNeedCluster, "this NATS server is not in a cluster: use --replicas 1"],
  [JS_CODES.storeFailed, "the bucket is full or its storage fails; look at `nats stream info` and the server's disk"],
  [
    JS_CODES.rollupRefused,
    "this bucket refuses roll-up headers; delete the key with a DEL marker instead of purging it",
  ],
]);

/** Something that NATS answered or failed to answer. */
export class NatsFailure extends Error {
  readonly advice: NatsAdvice;
  /** JetStream's `err_code`; null where the failure is not an answer of JetStream. */
  readonly code: number | null;

  constructor(message: string, advice: NatsAdvice, options: { code?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "NatsFailure";
    this.advice = advice;
    this.code = options.code ?? null;
  }
}

/** The `error` of a JetStream answer. */
export interface JetStreamErrorBody {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** The failure that a JetStream error answer means. `doing` completes "could not …". */
export function jetStreamFailure(error: JetStreamErrorBody, doing: string): NatsFailure {
  const code = error.err_code ?? 0;
  const next = NEXT_STEP.get(code);
  const message = `could not ${doing}: ${error.description ?? "JetStream error"} (${code})${next === undefined ? "" : `; ${next}`}`;
  return new NatsFailure(message, adviceFor(code, error.code ?? 0), { code });
}

/** What to do about a JetStream error code; `status` (HTTP-like) decides for codes that are not known here. */
export function adviceFor(code: number, status: number): NatsAdvice {
  if (CONFLICTS.has(code)) return "conflict";
  if (WAITS.has(code)) return "wait";
  if (RETRIES.has(code)) return "retry";
  if (NEXT_STEP.has(code)) return "person";
  return status >= 500 || status === TOO_MANY ? "retry" : "person";
}

/** The failure behind whatever the client library threw. `doing` completes "could not …". */
export function toNatsFailure(error: unknown, doing: string): NatsFailure {
  if (error instanceof NatsFailure) return error;
  const chain = causesOf(error);
  const fail = (what: string, advice: NatsAdvice) =>
    new NatsFailure(`could not ${doing}: ${what}`, advice, { cause: error });
  if (chain.some(isNoResponders))
    return fail("nothing answers: the bucket does not exist yet, or JetStream is off", "wait");
  const refusal = chain.find((cause) => cause instanceof errors.PermissionViolationError);
  if (refusal !== undefined) return mayNotUse(refusal.subject, doing, error);
  if (chain.some((cause) => cause instanceof errors.AuthorizationError)) {
    return fail("the NATS server refuses this user; check --nats-creds", "person");
  }
  if (chain.some((cause) => cause instanceof errors.TimeoutError)) return fail("no answer in time", "retry");
  return fail(error instanceof Error ? error.message : "unknown error", "retry");
}

/** The failure of who may not publish or subscribe to `subject`. */
export function mayNotUse(subject: string, doing: string, cause?: unknown): NatsFailure {
  const message = `could not ${doing}: the NATS user may not use ${subject}; grant it in the server's configuration`;
  return new NatsFailure(message, "person", { cause });
}

/** The failure of something that was under way, or was asked for, while there is no connection. */
export function disconnected(doing: string): NatsFailure {
  return new NatsFailure(`could not ${doing}: not connected to NATS`, "retry");
}

/** True where a question got no answer, good or bad, in its time: it may still be under way. */
export function isUnanswered(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof errors.TimeoutError);
}

const CAUSES_MAX = 8;

/** The error and what caused it: the client library wraps what it knows. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause !== undefined && chain.length < CAUSES_MAX;) {
    chain.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return chain;
}

function isNoResponders(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true;
  return error instanceof errors.RequestError && error.isNoResponders();
}
