/** The life of a daemon: runs until it is done or told to stop, and never hangs while stopping. */
import { errorText } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** How long a clean stop may take before the process leaves anyway. */
export const SHUTDOWN_LIMIT_MS = 10_000;

export interface ShutdownOptions {
  readonly limitMs?: number;
  readonly logger?: Logger;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs `start` and gives what it resolves to. SIGTERM or SIGINT aborts the signal; when `start` has not ended
 * `limitMs` later, or at a second signal, the process exits with code 3 where it stands.
 */
export async function runUntilSignal<T>(
  start: (signal: AbortSignal) => Promise<T>,
  { limitMs = SHUTDOWN_LIMIT_MS, logger }: ShutdownOptions = {},
): Promise<T> {
  const stop = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) leave(logger, "second signal, leaving without a clean stop");
    logger?.info({ signal: name }, "stopping");
    limit = setTimeout(() => leave(logger, "the clean stop took too long, leaving"), limitMs);
    limit.unref();
    stop.abort(name);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await start(stop.signal);
  } catch (error) {
    logger?.error({ err: error, reason: errorText(error) }, "ended by an error");
    throw error;
  } finally {
    clearTimeout(limit);
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

function leave(logger: Logger | undefined, sentence: string): never {
  logger?.error(sentence);
  process.exit(3);
}
