/** Row 8: the aggregator from nothing to a whole picture of a million states and their desired keys, and what it holds. */
import { connect } from "#cli/nats-session.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import { forked, type Forked } from "../forked.ts";
import { interleaved } from "../interleaved.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import type { Reader, ReadAnswer, ReadTask } from "../reader-process.ts";
import { storeFleet } from "../reported-fleet.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { pairsOf, SIZES, type FleetSize } from "../sizes.ts";

const COLD = "aggregator, cold start";
const MEMORY = "aggregator, memory a state, all names and keys included";
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
  await ensureBuckets(link, { replicas: 1 });
  say(`storing ${pairsOf(size)} states and their desired keys`);
  await storeFleet(link.connection, size);
  await link.close();
  const reader = (kind: Reader): Forked => {
    const started = forked("reader-process.ts", [kind, server.url], signal);
    undo.add(kind, async () => await started.stop());
    return started;
  };
  const [aggregator, subscription] = [reader("aggregator"), reader("subscription")];
  const read = async (by: Forked, measure: ReadTask["measure"]): Promise<ReadAnswer> => {
    const task: ReadTask = { states: pairsOf(size), measure };
    by.tell(task);
    return (await by.said()) as ReadAnswer;
  };
  let delayMs = Number.POSITIVE_INFINITY;
  const best = await interleaved(
    async (round) => {
      say(`round ${round + 1}: aggregator`);
      const { value, loop_delay_p99_ms } = await read(aggregator, "time");
      delayMs = Math.min(delayMs, loop_delay_p99_ms);
      return value;
    },
    async (round) => {
      say(`round ${round + 1}: subscription and JSON.parse`);
      return (await read(subscription, "time")).value;
    },
  );
  const common = { row: 8, size: size.name, nats: binary.version };
  const cold = figure({ ...common, what: COLD, unit: "ms", value: best.ours, limit: best.limit, target: 1.3 });
  yield { ...cold, loop_delay_p99_ms: delayMs };
  const { value } = await read(aggregator, "memory");
  yield figure({ ...common, what: MEMORY, unit: "bytes", value, target: BYTES_MAX });
  await Promise.all([aggregator.stop(), subscription.stop()]);
  await server.remove();
}
