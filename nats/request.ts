/** One question to the JetStream API and its answer; fails at once when the connection is lost. */
import { NatsFailure, jetStreamFailure, toNatsFailure, type JetStreamErrorBody } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import type { Msg } from "@nats-io/transport-node";

/** The server answers in milliseconds; creating a consumer over a million keys takes 2.9 up to 3 s. */
export const API_TIMEOUT_MS = 10_000;

/** What is asked. */
export interface ApiRequest {
  /** Without the API prefix: `STREAM.INFO.KV_fleet`. */
  readonly subject: string;
  readonly body?: unknown;
  /** Completes "could not …" in errors. */
  readonly doing: string;
  readonly timeoutMs?: number;
  /** Gives up early. */
  readonly signal?: AbortSignal | undefined;
}

/** The parsed answer. Throws NatsFailure: an error of JetStream, no answer in time, connection lost. */
export async function apiRequest(link: NatsLink, request: ApiRequest): Promise<unknown> {
  const { doing } = request;
  const payload = request.body === undefined ? "" : JSON.stringify(request.body);
  const subject = `${link.options.apiPrefix}.${request.subject}`;
  const answer = await ask(link, {
    doing,
    send: () => link.connection.request(subject, payload, { timeout: request.timeoutMs ?? API_TIMEOUT_MS }),
    signal: request.signal,
  });
  return parseAnswer(answer.data, doing);
}

/** Something sent that has one answer. */
export interface Question {
  readonly doing: string;
  readonly send: () => Promise<Msg>;
  readonly signal?: AbortSignal | undefined;
}

/** The message that answers. Throws NatsFailure: no answer in time, connection lost, given up. */
export async function ask(link: NatsLink, { doing, send, signal }: Question): Promise<Msg> {
  if (!link.connected()) throw disconnected(doing);
  if (signal?.aborted === true) throw disconnected(doing);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const lost = (): void => reject(disconnected(doing));
  const stop = link.onStatus((connected) => (connected ? undefined : lost()));
  signal?.addEventListener("abort", lost, { once: true });
  try {
    const answer = send();
    // One of the two loses the race, and nobody looks at it any more.
    answer.catch(() => undefined);
    ended.catch(() => undefined);
    return await Promise.race([answer, ended]);
  } catch (error) {
    throw toNatsFailure(error, doing);
  } finally {
    stop();
    signal?.removeEventListener("abort", lost);
  }
}

/** The failure of something that was under way, or was asked for, while there is no connection. */
export function disconnected(doing: string): NatsFailure {
  return new NatsFailure(`could not ${doing}: not connected to NATS`, "retry");
}

/** The JSON of an answer of JetStream. Throws NatsFailure where it is an error. */
export function parseAnswer(data: Uint8Array, doing: string): unknown {
  const answer: unknown = JSON.parse(new TextDecoder().decode(data));
  if (typeof answer === "object" && answer !== null && "error" in answer) {
    throw jetStreamFailure(answer.error as JetStreamErrorBody, doing);
  }
  return answer;
}
