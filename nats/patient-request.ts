/** A question to a server that thousands ask at the same moment: it is late then, and not gone. */
import type { NatsLink } from "./link.ts";
import { apiRequest, type ApiRequest } from "./request.ts";

/** Ten thousand devices that come back together keep 2.9 busy for most of a minute. */
const ANSWER_MAX_MS = 300_000;

/**
 * The parsed answer to a question that may be asked twice: it is, where there is no answer after `askAgainMs`, then after
 * twice as long, and so on, since a question can get lost. What was asked first stays asked: whichever answer comes first
 * is taken, since each further question makes a busy server busier, and who gave up waiting would go to the end of the
 * line. Throws NatsFailure: an error of JetStream, no answer in five minutes, connection lost, given up.
 */
export async function patientRequest(
  link: NatsLink,
  request: Omit<ApiRequest, "timeoutMs"> & { readonly signal: AbortSignal },
  askAgainMs: number,
): Promise<unknown> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<unknown>();
  const answered = new AbortController();
  const signal = AbortSignal.any([request.signal, answered.signal]);
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = askAgainMs;
  const ask = (leftMs: number): void => {
    apiRequest(link, { ...request, signal, timeoutMs: leftMs }).then(resolve, reject);
    // Not all at once again.
    const againMs = pauseMs * (0.75 + Math.random() / 2);
    pauseMs *= 2;
    if (againMs < leftMs) timer = setTimeout(() => ask(leftMs - againMs), againMs);
  };
  ask(ANSWER_MAX_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    answered.abort();
  }
}
