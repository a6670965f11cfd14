/** Row 9: the aggregator while states change: how many it keeps up with, and how soon a change is visible. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect as connectPlain } from "@nats-io/transport-node";
import { connect } from "#cli/nats-session.ts";
import { parseStateKey } from "#schema/keys.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import type { ChangeOrder } from "../changing-states.ts";
import { followFleet } from "../followed-fleet.ts";
import { ROUNDS } from "../interleaved.ts";
import { withLoopDelay } from "../loop-delay.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { subscribeRaw } from "../raw-subscription.ts";
import { storeFleet } from "../reported-fleet.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { SIZES, type FleetSize } from "../sizes.ts";
import { within } from "../within.ts";

const RATE = "aggregator, live changes it keeps up with";
const LATENCY = "aggregator, change to visible in the aggregate, p99 at 5,000 changes/s";
const PER_SECOND = 5_000;
const ALL_WITHIN_MS = 120_000;
const ALL_COME = "all changes come";
const CHANGER = fileURLToPath(new URL("../changing-states.ts", import.meta.url));

/** How many changes a round makes. */
interface Load {
  readonly atOnce: number;
  readonly evenly: number;
}

export const row9: Row = {
  row: 9,
  what: "aggregator, live changes",
  limitIs: "the rate at which a push consumer and `JSON.parse` take the same changes, with the same client",
  async *measure(context) {
    const size = context.quick ? SIZES.M : SIZES.L;
    const load = context.quick ? { atOnce: 60_000, evenly: 15_000 } : { atOnce: 400_000, evenly: 100_000 };
    for (const binary of context.natsServers) yield* measureOn(binary, size, load, context);
  },
};

async function* measureOn(
  binary: NatsBinary,
  size: FleetSize,
  load: Load,
  { undo, signal, say }: RowContext,
): AsyncGenerator<Figure> {
  const server = await startNatsServer({ binary: binary.path });
  undo.add("NATS", async () => await server.remove());
  const link = await connect(natsOptionsSchema.parse({ servers: [server.url] }), signal);
  undo.add("the connection", async () => await link.close());
  await ensureBuckets(link, { replicas: 1 });
  say("storing the fleet");
  await storeFleet(link.connection, size);
  const common = { row: 9, size: size.name, nats: binary.version };
  const order = { url: server.url, size: size.name, count: load.atOnce, perSecond: null };
  const best = { ours: 0, limit: 0 };
  for (let round = 1; round <= ROUNDS; round += 1) {
    say(`round ${round}: as fast as it goes`);
    const raw = await rawRate({ ...order, round: 2 * round });
    const ours = await followedRate(link, { ...order, round: 2 * round + 1 });
    best.limit = Math.max(best.limit, raw);
    best.ours = Math.max(best.ours, ours);
  }
  yield figure({ ...common, what: RATE, unit: "/s", bound: "least", value: best.ours, limit: best.limit, target: 0.8 });
  say(`${PER_SECOND} changes a second`);
  const evenly = { ...order, count: load.evenly, perSecond: PER_SECOND, round: 100 };
  const { result, loop_delay_p99_ms } = await withLoopDelay(async () => await latencyP99(link, evenly));
  yield { ...figure({ ...common, what: LATENCY, unit: "ms", value: result, target: 50 }), loop_delay_p99_ms };
  await link.close();
  await server.remove();
}

/** Changes that were parsed, by the second. */
async function rawRate(order: ChangeOrder): Promise<number> {
  const connection = await connectPlain({ servers: order.url });
  const raw = await subscribeRaw(connection, ["KV_device-state"], "new");
  const ended = changed(order);
  await raw.parsed(1);
  const beganMs = performance.now();
  await within(ALL_WITHIN_MS, ALL_COME, raw.parsed(order.count));
  const rate = order.count / ((performance.now() - beganMs) / 1_000);
  await ended;
  raw.close();
  await connection.close();
  return rate;
}

/** The same for changes that are in the picture. */
async function followedRate(link: Parameters<typeof followFleet>[0], order: ChangeOrder): Promise<number> {
  let seen = 0;
  let beganMs = 0;
  const all = Promise.withResolvers<void>();
  let live = false;
  const following = followFleet(link, () => {
    if (!live) return;
    if (seen === 0) beganMs = performance.now();
    seen += 1;
    if (seen === order.count) all.resolve();
  });
  await following.whole;
  live = true;
  const ended = changed(order);
  await within(ALL_WITHIN_MS, ALL_COME, all.promise);
  const rate = order.count / ((performance.now() - beganMs) / 1_000);
  await ended;
  await following.stop();
  return rate;
}

/** From the moment a change is sent to that in which the aggregate of its deployment has been asked and knows it. */
async function latencyP99(link: Parameters<typeof followFleet>[0], order: ChangeOrder): Promise<number> {
  const tookMs: number[] = [];
  const all = Promise.withResolvers<void>();
  const following = followFleet(link, (_bucket, change) => {
    const sentAtMs = change.kind === "put" ? sentAt(change.value) : null;
    const pair = parseStateKey(change.key);
    if (sentAtMs === null || pair === null) return;
    if (following.fleet.aggregate(pair.deployment).matched === 0) throw new Error(`${change.key} is not counted`);
    tookMs.push(performance.timeOrigin + performance.now() - sentAtMs);
    if (tookMs.length === order.count) all.resolve();
  });
  await following.whole;
  await Promise.all([changed(order), within(ALL_WITHIN_MS, ALL_COME, all.promise)]);
  await following.stop();
  return tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? Number.NaN;
}

function sentAt(value: Uint8Array): number | null {
  const { sent_at_ms: sentAtMs } = JSON.parse(new TextDecoder().decode(value)) as { sent_at_ms?: number };
  return sentAtMs ?? null;
}

async function changed(order: ChangeOrder): Promise<void> {
  const child = spawn(process.execPath, [CHANGER, JSON.stringify(order)], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the process that changes states ended with ${code}`);
}
