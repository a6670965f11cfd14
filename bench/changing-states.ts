/** A process that changes states of a stored fleet: as fast as the server takes it, or so many a second. */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { generatedPairs, SOME_DIGEST, stateMessage, type GeneratedPair } from "./reported-fleet.ts";
import type { SizeName } from "./row.ts";
import { SIZES } from "./sizes.ts";
import { publishStored, type StoredMessage } from "./stored.ts";

/** What to do; the only argument of the process, as JSON. */
export interface ChangeOrder {
  readonly url: string;
  readonly size: SizeName;
  readonly count: number;
  /** Null for as fast as it goes. */
  readonly perSecond: number | null;
  /** Which time this is: each makes other states. */
  readonly round: number;
}

const TICK_MS = 5;

async function change(order: ChangeOrder): Promise<void> {
  const connection = await connect({ servers: order.url });
  const pairs = firstPairs(order);
  if (order.perSecond === null) await publishStored(connection, statesOf(pairs, order.round));
  else await evenly(connection, pairs, { perSecond: order.perSecond, round: order.round });
  await connection.flush();
  await connection.close();
}

function firstPairs({ size, count }: ChangeOrder): GeneratedPair[] {
  const pairs: GeneratedPair[] = [];
  for (const pair of generatedPairs(SIZES[size])) {
    if (pairs.push(pair) === count) break;
  }
  if (pairs.length < count) throw new Error(`a fleet of this size has only ${pairs.length} states`);
  return pairs;
}

function* statesOf(pairs: readonly GeneratedPair[], round: number): Generator<StoredMessage> {
  for (const pair of pairs) yield stateMessage(pair, SOME_DIGEST, round);
}

async function evenly(
  connection: NatsConnection,
  pairs: readonly GeneratedPair[],
  { perSecond, round }: { readonly perSecond: number; readonly round: number },
): Promise<void> {
  const beganMs = performance.now();
  for (let sent = 0; sent < pairs.length;) {
    const due = Math.min(pairs.length, Math.floor(((performance.now() - beganMs) / 1_000) * perSecond));
    for (; sent < due; sent += 1) {
      const pair = pairs[sent];
      if (pair === undefined) break;
      const { subject, payload } = stateMessage(pair, SOME_DIGEST, round);
      // An unknown field: readers pass it over, and the benchmark reads it.
      const sentAtMs = performance.timeOrigin + performance.now();
      connection.publish(subject, `${payload.slice(0, -1)},"sent_at_ms":${sentAtMs}}`);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

await change(JSON.parse(process.argv[2] ?? "null") as ChangeOrder);
