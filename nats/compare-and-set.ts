/** One key, read and written so that nobody's change is overwritten unseen. */
import type { BucketName } from "#schema/keys.ts";
import type { Msg } from "@nats-io/transport-node";
import { z } from "zod";
import { JS_CODES, NatsFailure, toNatsFailure } from "./errors.ts";
import { operationIn, operationOf } from "./feed-change.ts";
import type { NatsLink } from "./link.ts";
import { headerOf, rawHeadersOf } from "./raw-headers.ts";
import { headersOf } from "./message-headers.ts";
import { refusalOf, resultOf, type WriteResult } from "./publish-answer.ts";
import type { Question } from "./questions.ts";
import { API_TIMEOUT_MS, apiRequest } from "./request.ts";
import { parseStoredHeaders } from "./stored-headers.ts";
import { streamInfo } from "./stream-info.ts";
import { payloadOf, type Write } from "./write.ts";

const WRITE_TIMEOUT_MS = 5_000;
const NOT_FOUND = 404;

/** What a key holds. `value` is null where the last message is a DEL or PURGE marker. */
export interface KeyState {
  readonly value: Uint8Array | null;
  readonly revision: number;
  /** When the server stored it, by the server's clock. */
  readonly atMs: number;
  readonly headers: (name: string) => string | undefined;
}

/** Options of a single write. */
export interface PutOptions {
  readonly bucket: BucketName;
  readonly key: string;
  /** 0: the key holds nothing, not even a marker. A marker has a revision, too. */
  readonly expectedRevision: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The last message of a key (a marker included), from the stream's leader; null where there is none. Throws NatsFailure. */
export async function readKey(
  link: NatsLink,
  bucket: BucketName,
  key: string,
  signal?: AbortSignal,
): Promise<KeyState | null> {
  // Nats-server 2.9 crashes when it is asked for a message of a stream that it is just making.
  if (!(await holdsMessages(link, bucket, signal))) return null;
  try {
    const answer = await apiRequest(link, {
      subject: `STREAM.MSG.GET.${link.streamOf(bucket)}`,
      body: { last_by_subj: link.subjectOf(bucket, key) },
      doing: `read ${key}`,
      signal,
    });
    return stateOfStored(storedSchema.parse(answer).message);
  } catch (error) {
    if (error instanceof NatsFailure && error.code === JS_CODES.noMessageFound) return null;
    throw error;
  }
}

async function holdsMessages(link: NatsLink, bucket: BucketName, signal?: AbortSignal): Promise<boolean> {
  const info = await streamInfo(link, bucket, signal);
  if (info !== null) return info.state.messages > 0;
  throw new NatsFailure(`the bucket ${bucket} does not exist yet`, "wait", { code: JS_CODES.streamNotFound });
}

/** How long to wait for a direct get, as with `Question`. */
export type DirectGet = Partial<Pick<Question, "timeoutMs" | "askAgainMs" | "signal">>;

/** Who looks: is told one of the two, once. */
export interface Looker {
  /** Null: there is nothing. */
  found(state: KeyState | null): void;
  /** A NatsFailure. */
  failed(error: Error): void;
}

/** The same by a direct get, for users who may ask for their own keys only; a replica may answer with what was. Throws NatsFailure. */
export function readKeyDirect(
  link: NatsLink,
  bucket: BucketName,
  key: string,
  how: DirectGet = {},
): Promise<KeyState | null> {
  return new Promise((found, failed) => lookDirect(link, { bucket, filter: key, ...how }, { found, failed }));
}

/**
 * The newest message of all keys that pass the filter, which may be a key: nats-server takes a pattern there, too. For who
 * is told, since whoever comes back looks at all its keys.
 */
export function lookDirect(
  link: NatsLink,
  { bucket, filter, timeoutMs = API_TIMEOUT_MS, ...how }: DirectGet & { bucket: BucketName; filter: string },
  looker: Looker,
): void {
  const doing = `read ${filter}`;
  const subject = `${link.options.apiPrefix}.DIRECT.GET.${link.streamOf(bucket)}.${link.subjectOf(bucket, filter)}`;
  link.questions.put(
    { subject, doing, timeoutMs, ...how },
    {
      answered: (answer) => {
        const state = stateOfDirect(answer, doing);
        if (state instanceof NatsFailure) looker.failed(state);
        else looker.found(state);
      },
      failed: (error) => looker.failed(error),
    },
  );
}

/** Writes where the key's revision is still the expected one. */
export function putIf(link: NatsLink, value: Uint8Array | string, options: PutOptions): Promise<WriteResult> {
  return writeOnce(link, { ...options, value }, options.timeoutMs);
}

/** Leaves a DEL marker where the key's revision is still the expected one. */
export function deleteIf(link: NatsLink, options: PutOptions): Promise<WriteResult> {
  return writeOnce(link, { ...options, kind: "delete" }, options.timeoutMs);
}

async function writeOnce(link: NatsLink, write: Write, timeoutMs = WRITE_TIMEOUT_MS): Promise<WriteResult> {
  const doing = `write ${write.key}`;
  try {
    const subject = link.publishSubjectOf(write.bucket, write.key);
    const question = { subject, payload: payloadOf(write), headers: headersOf(write), doing, timeoutMs };
    return resultOf(await link.questions.ask(question), doing);
  } catch (error) {
    return refusalOf(toNatsFailure(error, doing));
  }
}

const storedSchema = z.object({
  message: z.object({
    seq: z.number(),
    time: z.string(),
    data: z.base64().default(""),
    hdrs: z.base64().optional(),
  }),
});

function stateOfStored(message: z.infer<typeof storedSchema>["message"]): KeyState {
  const headers = parseStoredHeaders(message.hdrs);
  const isPut = operationOf({ headers }) === "put";
  return {
    value: isPut ? Buffer.from(message.data, "base64") : null,
    revision: message.seq,
    atMs: Date.parse(message.time),
    headers: (name) => headerOf({ headers }, name),
  };
}

function stateOfDirect(message: Msg, doing: string): KeyState | NatsFailure | null {
  const headers = rawHeadersOf(message);
  const revision = headers("Nats-Sequence");
  if (revision === undefined) return nothingDirect(message, doing);
  return {
    value: operationIn(headers) === "put" ? message.data : null,
    revision: Number(revision),
    atMs: Date.parse(headers("Nats-Time-Stamp") ?? ""),
    headers,
  };
}

/** What an answer without a message means. */
function nothingDirect({ headers }: Msg, doing: string): NatsFailure | null {
  if (headers?.code === NOT_FOUND) return null;
  const what = headers === undefined ? "the answer is no message" : `${headers.code} ${headers.description}`;
  return new NatsFailure(`could not ${doing}: ${what}`, "retry");
}
