/** One part of ten thousand connections: simulated agents, each on its own, or connections that do nothing but connect. */
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { sleep } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { DeviceId } from "#schema/names.ts";
import { allAre } from "#simulator/all-are.ts";
import { settings } from "#simulator/main.ts";
import { startSimulation } from "#simulator/simulation.ts";

/** What a process is to be. */
export interface ReconnectingOrder {
  readonly kind: "agents" | "plain";
  readonly url: string;
  /** The ids of its devices; for plain connections only their number matters. */
  readonly devices: readonly string[];
}

/** What it is told: to say when all is lost and back, when all hear of changes again, or when so many values are settled. */
export type ReconnectingTask = { readonly kind: "come-back" | "follow" | "settle" };

/** All is as it should be, since this moment. */
export interface Whole {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The most writes that any one device has sent to the bucket of states since the order, whatever became of them. */
  readonly stateWritesMax: number;
  /** Values that are wanted, and those that have their last state. */
  readonly wanted: number;
  readonly settled: number;
}

const LOOK_MS = 10;
const OPENING_MAX = 100;

/** What can be asked of either kind. */
interface Part {
  connected(): number;
  isWhole(): boolean;
  follows(): boolean;
  stateWrites(): readonly number[];
  standing(): { readonly wanted: number; readonly settled: number };
}

async function agents({ url, devices }: ReconnectingOrder): Promise<Part> {
  const given = settings.parse({ nats: { servers: [url] }, connections: devices.length, delay: "0s" });
  const simulation = await startSimulation(given, {
    devices: devices.map((id) => ({ id: id as DeviceId, labels: {} })),
    logger: silentLogger,
    signal: new AbortController().signal,
  });
  return {
    connected: () => simulation.progress().connected,
    isWhole: () => simulation.isWhole(),
    follows: () => simulation.follows(),
    stateWrites: () => simulation.stateWrites(),
    standing: () => simulation.progress(),
  };
}

async function plainConnections({ url, devices }: ReconnectingOrder): Promise<Part> {
  const options = natsOptionsSchema.parse({ servers: [url] });
  const links: NatsLink[] = [];
  const waiting = devices.values();
  const openSome = async (): Promise<void> => {
    for (const name of waiting) links.push(await connectNats(options, { name, logger: silentLogger }));
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, openSome));
  const connected = (): number => links.filter((link) => link.connected()).length;
  const allConnected = allAre(links, (link) => link.connected());
  return {
    connected,
    isWhole: allConnected,
    follows: allConnected,
    stateWrites: () => [0],
    standing: () => ({ wanted: 0, settled: 0 }),
  };
}

async function whole(part: Part, until: () => boolean, before: readonly number[]): Promise<Whole> {
  while (!until()) await sleep(LOOK_MS);
  const stateWritesMax = Math.max(...part.stateWrites().map((count, index) => count - before[index]!));
  const { wanted, settled } = part.standing();
  return { atMs: performance.timeOrigin + performance.now(), stateWritesMax, wanted, settled };
}

async function comeBack(part: Part): Promise<Whole> {
  const before = part.stateWrites();
  while (part.connected() > 0) await sleep(LOOK_MS);
  return await whole(part, () => part.isWhole(), before);
}

async function settle(part: Part, count: number): Promise<Whole> {
  const isSettled = (): boolean => {
    const { wanted, settled } = part.standing();
    return part.isWhole() && settled === wanted && wanted >= count;
  };
  return await whole(part, isSettled, part.stateWrites());
}

const order = JSON.parse(process.argv[2] ?? "null") as ReconnectingOrder | null;
if (order === null) throw new Error("needs an order");
const part = order.kind === "agents" ? await agents(order) : await plainConnections(order);
async function doing({ kind }: ReconnectingTask, wanted: number): Promise<Whole> {
  switch (kind) {
    case "come-back":
      return await comeBack(part);
    case "follow":
      return await whole(part, () => part.isWhole() && part.follows(), part.stateWrites());
    case "settle":
      return await settle(part, wanted);
  }
}

process.on("message", (task: ReconnectingTask) => {
  const wanted = order.kind === "agents" ? order.devices.length : 0;
  doing(task, wanted).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit(0));
