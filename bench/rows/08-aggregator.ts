/** Row 8: the aggregator from nothing to a whole picture of a million states and their desired keys, and what it holds. */
import { connect as connectPlain } from "@nats-io/transport-node";
import { connect } from "#cli/nats-session.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { followFleet } from "../followed-fleet.ts";
import { interleaved, timed } from "../interleaved.ts";
import { withLoopDelay } from "../loop-delay.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { subscribeRaw } from "../raw-subscription.ts";
import { storeFleet } from "../reported-fleet.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { pairsOf, SIZES, type FleetSize } from "../sizes.ts";

const COLD = "aggregator, cold start";
const MEMORY = "aggregator, memory a state beyond keys";
const STREAMS = ["KV_desired-state", "KV_device-state"];
const BYTES_MAX = 150;

export const row8: Row = {
  row: 8,
  what: "aggregator cold start from 1,000,000 states and their desired keys; its memory",
  limitIs: "push consumers of the same two buckets and `JSON.parse` of every payload, with the same client",
  async *measure(context) {
    const size = context.quick ? SIZES.M : SIZES.L;
    for (const binary of context.natsServers) yield* measureOn(binary, size, context);
  },
};

async function* measureOn(binary: NatsBinary, size: FleetSize, context: RowContext): AsyncGenerator<Figure> {
  const { undo, signal, say } = context;
  const server = await startNatsServer({ binary: binary.path });
  undo.add("NATS", async () => await server.remove());
  const link = await connect(natsOptionsSchema.parse({ servers: [server.url] }), signal);
  undo.add("the connection", async () => await link.close());
  await ensureBuckets(link, { replicas: 1 });
  say(`storing ${pairsOf(size)} states and their desired keys`);
  await storeFleet(link.connection, size);
  const common = { row: 8, size: size.name, nats: binary.version };
  let delayMs = 0;
  const best = await interleaved(
    async (round) => {
      say(`round ${round + 1}: aggregator`);
      const { result, loop_delay_p99_ms } = await withLoopDelay(async () => await timed(async () => coldStart(link)));
      delayMs = loop_delay_p99_ms;
      return result;
    },
    async (round) => {
      say(`round ${round + 1}: subscription and JSON.parse`);
      return await rawStart(server, size);
    },
  );
  const cold = figure({ ...common, what: COLD, unit: "ms", value: best.ours, limit: best.limit, target: 1.3 });
  yield { ...cold, loop_delay_p99_ms: delayMs };
  const value = await bytesPerState(link, pairsOf(size));
  yield figure({ ...common, what: MEMORY, unit: "bytes", value, target: BYTES_MAX });
  await link.close();
  await server.remove();
}

async function coldStart(link: NatsLink): Promise<void> {
  const following = followFleet(link);
  await following.whole;
  await following.stop();
}

async function rawStart({ url }: NatsServer, size: FleetSize): Promise<number> {
  const connection = await connectPlain({ servers: url });
  const tookMs = await timed(async () => {
    const raw = await subscribeRaw(connection, STREAMS, "all");
    await raw.parsed(2 * pairsOf(size));
    raw.close();
  });
  await connection.close();
  return tookMs;
}

/** All that the process holds more with the picture than without: names and keys are in it, no key is kept as a text. */
async function bytesPerState(link: NatsLink, states: number): Promise<number> {
  const before = held();
  const following = followFleet(link);
  await following.whole;
  const bytes = (held() - before) / states;
  const counted = following.fleet.deployments().reduce((sum, name) => sum + following.fleet.aggregate(name).matched, 0);
  if (counted !== states) throw new Error(`the picture counts ${counted} states, not ${states}`);
  await following.stop();
  return bytes;
}

function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
