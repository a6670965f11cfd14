/** A question to a server that thousands ask at the same moment: it is late then, and not gone. */
import type { NatsLink } from "./link.ts";
import { apiRequest, type ApiRequest } from "./request.ts";

/** Ten thousand devices that come back together keep 2.9 busy for most of a minute. */
const ANSWER_MAX_MS = 300_000;

/** How patient to be. */
export interface Patience {
  /** Asked again where there is no answer after this time, then after twice as long, and so on, since a question can get lost. */
  readonly askAgainMs: number;
  /** Five minutes when left out. */
  readonly answerMaxMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The answer to a question that may be asked twice. What was asked first stays asked: whichever answer comes first is
 * taken, since each further question makes a busy server busier, and who gave up waiting would go to the end of the line.
 * Rejects as `ask` does.
 */
export async function patientAnswer<T>(
  ask: (how: { readonly timeoutMs: number; readonly signal: AbortSignal }) => Promise<T>,
  { askAgainMs, answerMaxMs = ANSWER_MAX_MS, signal: given }: Patience,
): Promise<T> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<T>();
  const answered = new AbortController();
  const signal = given === undefined ? answered.signal : AbortSignal.any([given, answered.signal]);
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = askAgainMs;
  const askOnce = (leftMs: number): void => {
    ask({ timeoutMs: leftMs, signal }).then(resolve, reject);
    // Not all at once again.
    const againMs = pauseMs * (0.75 + Math.random() / 2);
    pauseMs *= 2;
    if (againMs < leftMs) timer = setTimeout(() => askOnce(leftMs - againMs), againMs);
  };
  askOnce(answerMaxMs);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    answered.abort();
  }
}

/** The parsed answer of JetStream to a question that may be asked twice. Throws NatsFailure. */
export async function patientRequest(
  link: NatsLink,
  request: Omit<ApiRequest, "timeoutMs"> & { readonly signal: AbortSignal },
  askAgainMs: number,
): Promise<unknown> {
  const ask = async (how: Pick<ApiRequest, "timeoutMs" | "signal">): Promise<unknown> =>
    await apiRequest(link, { ...request, ...how });
  return await patientAnswer(ask, { askAgainMs, signal: request.signal });
}
