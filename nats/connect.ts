/** Connects to NATS and stays connected: retries for ever, with jitter. */
import { backoffMs } from "#runtime/backoff.ts";
import { sleep } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { connect, errors, type ConnectionOptions, type NatsConnection } from "@nats-io/transport-node";
import { identityFrom } from "./credentials.ts";
import { NatsFailure, toNatsFailure } from "./errors.ts";
import { liveLink } from "./live-link.ts";
import type { NatsLink } from "./link.ts";
import { printableServers, type NatsOptions } from "./options.ts";
export type { NatsLink, PermissionRefusal } from "./link.ts";

const DIAL_TIMEOUT_MS = 5_000;
const FIRST_RETRY_BASE_MS = 100;
const PING_INTERVAL_MS = 20_000;
const RECONNECT_MAX_MS = 5_000;
const RECONNECT_MIN_MS = 50;

/** How to connect. */
export interface ConnectOptions {
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  /** Bounds the first connect; keeps trying when left out. */
  readonly waitMs?: number;
  /** Ends a first connect that is still under way. */
  readonly signal?: AbortSignal;
  /** How often an idle connection is probed; 20 s when left out. */
  readonly pingIntervalMs?: number;
  /** The longest pause between two tries; 5 s when left out. */
  readonly reconnectMaxMs?: number;
}

/** Throws NatsFailure (naming the servers and what to check) where the first connect does not come about. */
export async function connectNats(options: NatsOptions, how: ConnectOptions): Promise<NatsLink> {
  const delays = reconnectDelays(how.reconnectMaxMs ?? RECONNECT_MAX_MS);
  const settings: ConnectionOptions = {
    ...identityFrom(options, how.logger),
    name: how.name,
    inboxPrefix: options.inboxPrefix,
    timeout: DIAL_TIMEOUT_MS,
    pingInterval: how.pingIntervalMs ?? PING_INTERVAL_MS,
    maxPingOut: 2,
    // A stack taken for each request, in case it fails, costs more than the request; failures here say what was being done.
    noAsyncTraces: true,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: delays.next,
    // A user that is refused today may be accepted tomorrow; a daemon goes on trying.
    ignoreAuthErrorAbort: true,
  };
  const connection = await firstConnect(settings, options, how);
  delays.reset();
  return liveLink(connection, { options, logger: how.logger, onReconnected: delays.reset });
}

async function firstConnect(
  settings: ConnectionOptions,
  options: NatsOptions,
  how: ConnectOptions,
): Promise<NatsConnection> {
  const deadlineMs = performance.now() + (how.waitMs ?? Number.POSITIVE_INFINITY);
  const stopped = (): boolean => how.signal?.aborted === true;
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = deadlineMs - performance.now();
    try {
      return await connect({ ...settings, timeout: Math.max(1, Math.min(DIAL_TIMEOUT_MS, leftMs)) });
    } catch (error) {
      const failure = firstConnectFailure(error, options);
      const pauseMs = backoffMs({ attempt, baseMs: FIRST_RETRY_BASE_MS, maxMs: RECONNECT_MAX_MS }, Math.random);
      const over =
        how.waitMs !== undefined && (failure.advice === "person" || performance.now() + pauseMs >= deadlineMs);
      if (over || stopped()) throw failure;
      how.logger.warn({ servers: printableServers(options), reason: failure.message }, "cannot reach NATS yet");
      await sleep(pauseMs, how.signal);
      if (stopped()) throw failure;
    }
  }
}

function firstConnectFailure(error: unknown, options: NatsOptions): NatsFailure {
  const servers = printableServers(options);
  if (error instanceof errors.AuthorizationError) {
    return new NatsFailure(`NATS at ${servers} refuses this user; check --nats-creds`, "person", { cause: error });
  }
  const reason = toNatsFailure(error, `connect to NATS at ${servers}`).message;
  return new NatsFailure(`${reason}; check that nats-server runs there and that --nats names it`, "retry", {
    cause: error,
  });
}

/** Pauses that grow with the time since the loss: at once after a blip, spread out after an outage. */
function reconnectDelays(maxMs: number): { next: () => number; reset: () => void } {
  let lostAtMs: number | null = null;
  return {
    next() {
      lostAtMs ??= performance.now();
      const boundMs = Math.min(maxMs, Math.max(RECONNECT_MIN_MS, (performance.now() - lostAtMs) / 2));
      return Math.round(boundMs * (0.5 + Math.random() / 2));
    },
    reset() {
      lostAtMs = null;
    },
  };
}
