/** A reader of both buckets in a process of its own: the aggregator, or a bare subscription. It measures when told to. */
import { connect as connectPlain } from "@nats-io/transport-node";
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { followFleet } from "./followed-fleet.ts";
import { timed } from "./interleaved.ts";
import { withLoopDelay } from "./loop-delay.ts";
import { subscribeRaw } from "./raw-subscription.ts";

/** What the process is: its first argument. The second is the server's address. */
export type Reader = "aggregator" | "subscription";

/** What it is told: to read everything that is there, so many states, and what to measure. */
export interface ReadTask {
  readonly states: number;
  readonly measure: "time" | "memory";
}

/** Milliseconds, or bytes a state. */
export interface ReadAnswer {
  readonly value: number;
  readonly loop_delay_p99_ms: number;
}

const STREAMS = ["KV_desired-state", "KV_device-state"];
const [reader, url] = process.argv.slice(2) as [Reader, string];

async function aggregate({ states, measure }: ReadTask): Promise<ReadAnswer> {
  const link = await connect(natsOptionsSchema.parse({ servers: [url] }), new AbortController().signal);
  const before = held();
  const following = followFleet(link);
  const { result, loop_delay_p99_ms } = await withLoopDelay(async () => await timed(async () => following.whole));
  const value = measure === "time" ? result : (held() - before) / states;
  const { fleet } = following;
  const counted = fleet.deployments().reduce((sum, name) => sum + fleet.aggregate(name).matched, 0);
  if (counted !== states) throw new Error(`the picture counts ${counted} states, not ${states}`);
  await following.stop();
  await link.close();
  return { value, loop_delay_p99_ms };
}

// Each stream on a connection of its own: what two consumers may have under way is more than the server lets one hold.
async function subscribe({ states }: ReadTask): Promise<ReadAnswer> {
  const connections = await Promise.all(STREAMS.map(async () => await connectPlain({ servers: url })));
  held();
  const { result: value, loop_delay_p99_ms } = await withLoopDelay(
    async () =>
      await timed(
        async () =>
          await Promise.all(
            connections.map(async (connection, at) => {
              const raw = await subscribeRaw(connection, STREAMS.slice(at, at + 1), "all");
              await raw.parsed(states);
              raw.close();
            }),
          ),
      ),
  );
  await Promise.all(connections.map(async (connection) => await connection.close()));
  return { value, loop_delay_p99_ms };
}

/** Bytes that this process holds, garbage taken out. */
function held(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on("message", (task: ReadTask) => {
  const done = reader === "aggregator" ? aggregate(task) : subscribe(task);
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit(0));
