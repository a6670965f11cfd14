/** One question to the JetStream API and its answer; fails at once when the connection is lost. */
import { jetStreamFailure, type JetStreamErrorBody } from "./errors.ts";
import type { NatsLink } from "./link.ts";

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
  /** As with `Question`. */
  readonly askAgainMs?: number | undefined;
  /** Gives up early. */
  readonly signal?: AbortSignal | undefined;
}

/** The parsed answer. Throws NatsFailure: an error of JetStream, no answer in time, connection lost. */
export async function apiRequest(link: NatsLink, request: ApiRequest): Promise<unknown> {
  const { body, doing, timeoutMs = API_TIMEOUT_MS, askAgainMs, signal } = request;
  const payload = body === undefined ? "" : JSON.stringify(body);
  const subject = `${link.options.apiPrefix}.${request.subject}`;
  const answer = await link.questions.ask({ subject, payload, doing, timeoutMs, askAgainMs, signal });
  return parseAnswer(answer.data, doing);
}

/** The JSON of an answer of JetStream. Throws NatsFailure where it is an error. */
export function parseAnswer(data: Uint8Array, doing: string): unknown {
  const answer: unknown = JSON.parse(new TextDecoder().decode(data));
  if (typeof answer === "object" && answer !== null && "error" in answer) {
    throw jetStreamFailure(answer.error as JetStreamErrorBody, doing);
  }
  return answer;
}
