/** Thousands of connections in several processes, that lose their server together and come back. */
import { forked, type Forked } from "./forked.ts";
import type { ReconnectingOrder, ReconnectingTask, Whole } from "./reconnecting-process.ts";

/** One process holds so many: beside the others it still has time for each, and files for all. */
const CONNECTIONS_PER_PROCESS = 5_000;

/** What all processes together said. */
export type ReconnectingFleet = {
  /** Resolves when all are connected and, for agents, each has its last state in the bucket. */
  settled(): Promise<Whole>;
  /** To be called before the server goes: resolves when all have lost it and are whole again. */
  comeBack(): Promise<Whole>;
  /** Resolves when all hear of changes as they happen. */
  follows(): Promise<Whole>;
  stop(): Promise<void>;
};

/** Starts the processes; they connect by themselves. */
export function startReconnectingFleet(order: ReconnectingOrder, signal: AbortSignal): ReconnectingFleet {
  const parts: Forked[] = [];
  for (let from = 0; from < order.devices.length; from += CONNECTIONS_PER_PROCESS) {
    const devices = order.devices.slice(from, from + CONNECTIONS_PER_PROCESS);
    parts.push(forked("reconnecting-process.ts", [JSON.stringify({ ...order, devices })], signal));
  }
  const all = async (task: ReconnectingTask): Promise<Whole> => {
    for (const part of parts) part.tell(task);
    const said = await Promise.all(parts.map(async (part) => (await part.said()) as Whole));
    return {
      atMs: Math.max(...said.map(({ atMs }) => atMs)),
      stateWritesMax: Math.max(...said.map(({ stateWritesMax }) => stateWritesMax)),
      wanted: said.reduce((sum, { wanted }) => sum + wanted, 0),
      settled: said.reduce((sum, { settled }) => sum + settled, 0),
    };
  };
  return {
    settled: async () => await all({ kind: "settle" }),
    comeBack: async () => await all({ kind: "come-back" }),
    follows: async () => await all({ kind: "follow" }),
    async stop() {
      await Promise.all(parts.map(async (part) => part.stop()));
    },
  };
}
