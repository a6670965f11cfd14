/** NATS for one command: connected within seconds or a clear error, closed at the end. */
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { NatsFailure } from "#nats/errors.ts";
import { printableServers, type NatsOptions } from "#nats/options.ts";
import { streamInfo } from "#nats/stream-info.ts";
import { OutsideError, errorText } from "#runtime/errors.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { BucketName } from "#schema/keys.ts";

/** A command answers or gives up: it does not wait for a server that is not there. */
export const CONNECT_WITHIN_MS = 5_000;

/** Runs `work` with a connection. Throws an OutsideError that names the servers where there is none. */
export async function withNats<T>(
  { nats, signal, buckets }: { nats: NatsOptions; signal: AbortSignal; buckets: readonly BucketName[] },
  work: (link: NatsLink) => Promise<T>,
): Promise<T> {
  const link = await connect(nats, signal);
  try {
    await needBuckets(link, buckets);
    return await work(link);
  } catch (cause) {
    throw asOutside(cause);
  } finally {
    await link.close();
  }
}

/** What NATS refused or did not answer was foreseen, and is none of the user's. Anything else as it is. */
export function asOutside(cause: unknown): unknown {
  return cause instanceof NatsFailure ? new OutsideError(cause.message, { cause: cause.cause }) : cause;
}

/** The connection, or an OutsideError. */
export async function connect(nats: NatsOptions, signal: AbortSignal): Promise<NatsLink> {
  try {
    return await connectNats(nats, { name: "gitfleet cli", logger: silentLogger, waitMs: CONNECT_WITHIN_MS, signal });
  } catch (cause) {
    if (signal.aborted) throw new OutsideError("stopped before NATS answered");
    throw new OutsideError(errorText(cause), { hint: "`gitfleet doctor` looks closer.", cause });
  }
}

async function needBuckets(link: NatsLink, buckets: readonly BucketName[]): Promise<void> {
  const missing: string[] = [];
  for (const bucket of buckets) {
    if ((await streamInfo(link, bucket)) === null) missing.push(`${link.options.bucketPrefix}${bucket}`);
  }
  if (missing.length === 0) return;
  throw new OutsideError(`NATS at ${printableServers(link.options)} has no bucket ${missing.join(", ")}`, {
    hint: "The reconciler creates the buckets: start it once, or check --bucket-prefix.",
  });
}

/** Milliseconds to add to this machine's clock to get the server's. 0 where the server (before 2.10) does not say. */
export async function serverClockOffsetMs(link: NatsLink): Promise<number> {
  const askedAtMs = Date.now();
  const info = await streamInfo(link, "device-heartbeat");
  const serverMs = info?.ts === undefined ? Number.NaN : Date.parse(info.ts);
  return Number.isNaN(serverMs) ? 0 : serverMs - (askedAtMs + Date.now()) / 2;
}
