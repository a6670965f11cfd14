/** Row 12: ten thousand agents lose NATS and come back: how soon all is true again, and what they write for it. */
import { connect } from "#cli/nats-session.ts";
import { sha256Digest } from "#fleet/digest.ts";
import { ensureBuckets } from "#nats/buckets.ts";
import { startFeed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { createWriter } from "#nats/writer.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { BUCKETS, desiredKey } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { interleaved } from "../interleaved.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { startReconnectingFleet, type ReconnectingFleet } from "../reconnecting-fleet.ts";
import type { ReconnectingOrder } from "../reconnecting-process.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { within } from "../within.ts";

const COME_BACK = "mass reconnect: full truth after the loss of NATS";
const FOLLOWED = "mass reconnect: each agent is told of changes again, too";
const WRITES = "mass reconnect: device-state writes of any one device";
const AGENTS = 10_000;
const AGENTS_QUICK = 500;
const DEPLOYMENT = "web" as DeploymentName;
/** The server's own bound is 64 Ki; a test machine's may be less. */
const SERVER_CONFIG = "max_connections: 65536";
const FIRST_TAG = 1_000;
/** Two heartbeats: as long as anybody is patient with a device. */
const FOLLOWED_WITHIN_MS = 60_000;
const ALL_RUN_WITHIN_MS = 120_000;

/** What the bucket of states says of one value. */
interface Running {
  count(): number;
  readonly synced: Promise<void>;
  readonly enough: Promise<void>;
  stop(): Promise<void>;
}

export const row12: Row = {
  row: 12,
  what: "mass reconnect: simulated agents, each on a connection of its own, lose NATS and come back",
  limitIs: "as many connections with the same client that do nothing but connect again to the same server",
  async *measure(context) {
    for (const binary of context.natsServers) yield* measureOn(binary, context);
  },
};

async function* measureOn(binary: NatsBinary, { quick, signal, undo, say }: RowContext): AsyncGenerator<Figure> {
  const count = quick ? AGENTS_QUICK : AGENTS;
  const server = await startNatsServer({ binary: binary.path, config: SERVER_CONFIG });
  undo.add("NATS", async () => await server.remove());
  const link = await connect(natsOptionsSchema.parse({ servers: [server.url] }), signal);
  undo.add("the connection", async () => await link.close());
  await ensureBuckets(link, { replicas: 1 });
  const devices = Array.from({ length: count }, (_, index) => `sim-${String(index).padStart(5, "0")}`);
  let writesMax = 0;
  let followedMs = Number.POSITIVE_INFINITY;
  await wantOfAll(link, devices, valueOf(0));
  const best = await interleaved(
    async (round) => {
      say(`round ${round + 1}: ${count} agents`);
      const order: ReconnectingOrder = { kind: "agents", url: server.url, devices };
      return await withFleet(order, { signal, undo }, async (fleet) => {
        const { ms, answersAtMs, stateWritesMax } = await lostAndBack(fleet, server);
        writesMax = Math.max(writesMax, stateWritesMax);
        await checkTruth(link, devices, valueOf(round));
        followedMs = Math.min(followedMs, (await fleet.follows()).atMs - answersAtMs);
        await wantOfAll(link, devices, valueOf(round + 1));
        await untilAllRun(link, devices, valueOf(round + 1));
        return ms;
      });
    },
    async (round) => {
      say(`round ${round + 1}: ${count} plain connections`);
      const order: ReconnectingOrder = { kind: "plain", url: server.url, devices };
      return await withFleet(order, { signal, undo }, async (fleet) => (await lostAndBack(fleet, server)).ms);
    },
  );
  const common = { row: 12, size: `${count} agents`, nats: binary.version };
  yield figure({ ...common, what: COME_BACK, unit: "ms", value: best.ours, limit: best.limit, target: 2 });
  yield figure({ ...common, what: FOLLOWED, unit: "ms", value: followedMs, target: FOLLOWED_WITHIN_MS });
  yield figure({ ...common, what: WRITES, unit: "writes", value: writesMax, target: 1 });
  await link.close();
  await server.remove();
}

async function withFleet(
  order: ReconnectingOrder,
  { signal, undo }: Pick<RowContext, "signal" | "undo">,
  work: (fleet: ReconnectingFleet) => Promise<number>,
): Promise<number> {
  const fleet = startReconnectingFleet(order, signal);
  undo.add(`the ${order.kind} connections`, async () => await fleet.stop());
  await fleet.settled();
  const ms = await work(fleet);
  await fleet.stop();
  return ms;
}

/** From the moment in which the server answers again to that in which all is as it was. */
async function lostAndBack(
  fleet: ReconnectingFleet,
  server: NatsServer,
): Promise<{ ms: number; answersAtMs: number; stateWritesMax: number }> {
  const back = fleet.comeBack();
  await server.kill();
  await server.start();
  const answersAtMs = performance.timeOrigin + performance.now();
  const { atMs, stateWritesMax } = await back;
  return { ms: atMs - answersAtMs, answersAtMs, stateWritesMax };
}

/** Each value is another, so that a state says which one it is about. */
function valueOf(round: number): string {
  return `{"data":{"services":[{"image":"registry.example/web:${FIRST_TAG + round}","name":"web"}]},"type":"PodmanV0"}`;
}

async function wantOfAll(link: NatsLink, devices: readonly string[], value: string): Promise<void> {
  const writer = createWriter(link);
  for (const device of devices) {
    await writer.ready();
    const key = desiredKey({ device: device as DeviceId, deployment: DEPLOYMENT });
    void writer.write({ bucket: BUCKETS.desiredState, key, value });
  }
  await writer.flush();
  writer.close();
}

/** Resolves when the bucket says of each device that it runs this value. */
async function untilAllRun(link: NatsLink, devices: readonly string[], value: string): Promise<void> {
  const running = watchRunning(link, value, devices.length);
  try {
    await within(ALL_RUN_WITHIN_MS, "each device says that it runs what was written last", running.enough);
  } finally {
    await running.stop();
  }
}

/** Throws where the bucket does not say of each device, now, that it runs this value. */
async function checkTruth(link: NatsLink, devices: readonly string[], value: string): Promise<void> {
  const running = watchRunning(link, value, devices.length);
  await running.synced;
  await running.stop();
  if (running.count() !== devices.length)
    throw new Error(`the bucket says of ${running.count()} devices that they run it, not of ${devices.length}`);
}

/** Counts the devices that run this value, by what the bucket says from now on; `enough` are so many. */
function watchRunning(link: NatsLink, value: string, many: number): Running {
  const digest = sha256Digest(value);
  const running = new Set<string>();
  const synced = Promise.withResolvers<void>();
  const enough = Promise.withResolvers<void>();
  const feed = startFeed(
    link,
    { bucket: BUCKETS.deviceState },
    {
      change(change) {
        if (change.kind !== "put") return;
        const state = JSON.parse(new TextDecoder().decode(change.value)) as Record<string, unknown>;
        if (state["phase"] === "Running" && state["desired_digest"] === digest) running.add(change.key);
        if (running.size === many) enough.resolve();
      },
      synced: () => synced.resolve(),
      unsynced: () => {},
    },
  );
  return {
    count: () => running.size,
    synced: synced.promise,
    enough: enough.promise,
    stop: async () => await feed.stop(),
  };
}
