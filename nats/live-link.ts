/** The link over a connection of the client library: turns its stream of events into a state that can be asked. */
import type { Logger } from "#runtime/logger.ts";
import { errors, type NatsConnection, type Status } from "@nats-io/transport-node";
import type { NatsLink, PermissionRefusal } from "./link.ts";
import type { NatsOptions } from "./options.ts";
import { Inbox, type InboxWay } from "./inbox.ts";
import { Questions } from "./questions.ts";
import { publishSubjects, streamOf, subjectOf } from "./subjects.ts";
import { Turns } from "./turns.ts";

const CLOSE_WITHIN_MS = 2_000;

interface Surroundings {
  readonly options: NatsOptions;
  readonly logger: Logger;
  readonly onReconnected: () => void;
}

/** A link over an open connection; it follows the connection until `close`. */
export function liveLink(connection: NatsConnection, { options, logger, onReconnected }: Surroundings): NatsLink {
  const statusListeners = new Set<(connected: boolean) => void>();
  const refusalListeners = new Set<(refusal: PermissionRefusal) => void>();
  let connected = true;
  let closing = false;

  const setConnected = (now: boolean): void => {
    if (connected === now) return;
    connected = now;
    if (now) onReconnected();
    for (const listener of statusListeners) listener(now);
  };
  const observe = (status: Status): void => {
    if (status.type === "disconnect" || status.type === "close") {
      if (!closing && connected) logger.warn({ server: connection.getServer() }, "lost the connection to NATS");
      setConnected(false);
    }
    if (status.type === "reconnect") {
      logger.info({ server: connection.getServer() }, "connected to NATS again");
      setConnected(true);
    }
    if (status.type === "error") refused(status.error);
  };
  const refused = (error: Error): void => {
    if (error instanceof errors.PermissionViolationError) {
      const refusal = { operation: error.operation, subject: error.subject };
      logger.warn(refusal, "NATS refuses a subject to this user");
      for (const listener of refusalListeners) listener(refusal);
    } else {
      logger.warn({ reason: error.message }, "NATS reports an error");
    }
  };
  void follow(connection, observe);

  const way: InboxWay & Pick<NatsLink, "onRefusal"> = {
    options,
    connection,
    connected: () => connected,
    onStatus: (listener) => listen(statusListeners, listener),
    onRefusal: (listener) => listen(refusalListeners, listener),
  };
  const inbox = new Inbox(way);
  const link: NatsLink = {
    ...way,
    inbox,
    logger,
    questions: new Questions({ ...way, inbox }),
    catchUps: new Turns(),
    whenConnected: (signal) => whenConnected(link, signal),
    rttMs: async () => {
      const startMs = performance.now();
      await connection.rtt();
      return performance.now() - startMs;
    },
    serverVersion: () => (connected ? (connection.info?.version ?? null) : null),
    streamOf: (bucket) => streamOf(options, bucket),
    subjectOf: (bucket, key) => subjectOf(options, bucket, key),
    publishSubjectOf: publishSubjects(options),
    close: async () => {
      closing = true;
      if (connected) await withLimit(connection.flush(), CLOSE_WITHIN_MS);
      await connection.close();
      setConnected(false);
    },
  };
  return link;
}

async function follow(connection: NatsConnection, observe: (status: Status) => void): Promise<void> {
  for await (const status of connection.status()) observe(status);
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function whenConnected(link: NatsLink, signal: AbortSignal | undefined): Promise<void> {
  if (link.connected() || signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stop();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const stop = link.onStatus((connected) => {
      if (connected) done();
    });
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Waits for a promise, but not longer than the limit, and whatever becomes of it. */
async function withLimit(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise.catch(() => undefined), limit]);
  clearTimeout(timer);
}
