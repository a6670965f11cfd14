/** Simulated agents on a server of their own, a client that looks at what they write, and values for them. */
import { createHash } from "node:crypto";
import { headers } from "@nats-io/transport-node";
import { silentLogger } from "#runtime/logger.ts";
import { until } from "#sandbox/until.ts";
import type { NatsServer } from "#sandbox/nats-server.ts";
import type { DeviceId } from "#schema/names.ts";
import { settings as simulatorSettings } from "#simulator/main.ts";
import { startSimulation, type Simulation } from "#simulator/simulation.ts";
import type { Summary } from "#simulator/summary.ts";
import { testClient, testServer } from "#tests/support/nats-fixture.ts";
import type { PlainClient } from "#tests/support/plain-client.ts";
import { onTestFinished } from "vitest";
import type { z } from "zod";

export interface SimulatedAgents {
  readonly server: NatsServer;
  readonly client: PlainClient;
  readonly simulation: Simulation;
  /** Wants the same value of every device, as a commit. */
  readonly desire: (deployment: string, commit: string, value?: string) => Promise<void>;
  /** Resolves when all of so many values have their last state, and nothing more is to be said. */
  readonly settled: (wanted: number) => Promise<void>;
  /** The sequence of the last message of a bucket: it grows with each write that is stored. */
  readonly lastSequence: (bucket: string) => Promise<number>;
  readonly stop: () => Promise<Summary>;
}

const QUICKLY = { delay: "20ms" };
const WITHIN_MS = 5_000;
export const VALUE = '{"data":{"services":[{"image":"registry.example/web:1","name":"web"}]},"type":"PodmanV0"}';

export function digestOf(value: string): string {
  return `sha256:${createHash("sha256").update(value).digest("hex")}`;
}

/** Starts `count` devices; all of it ends with the test. */
export async function simulatedAgents(
  count: number,
  given: Partial<z.input<typeof simulatorSettings>> = {},
): Promise<SimulatedAgents> {
  const server = await testServer();
  const client = await testClient(server.url);
  const settings = simulatorSettings.parse({ ...QUICKLY, ...given, nats: { servers: [server.url] } });
  const ids = Array.from({ length: count }, (_, index) => `sim-${index}` as DeviceId);
  const stopped = new AbortController();
  const simulation = await startSimulation(settings, {
    devices: ids.map((id) => ({ id, labels: { role: "kiosk" } })),
    logger: silentLogger,
    signal: stopped.signal,
  });
  let summary: Promise<Summary> | null = null;
  const stop = (): Promise<Summary> => (summary ??= simulation.stop());
  onTestFinished(async () => void (await stop()));
  await until("all are there", () => simulation.isWhole());
  return {
    server,
    client,
    simulation,
    stop,
    async desire(deployment, commit, value = VALUE) {
      const meta = headers();
      meta.set("Gitfleet-Commit", commit);
      await until("the client is connected", async () => client.connection.flush().then(() => true));
      for (const id of ids)
        await client.connection.request(`$KV.desired-state.${id}.${deployment}`, value, {
          headers: meta,
          timeout: WITHIN_MS,
        });
    },
    async settled(wanted) {
      await until(`${wanted} are settled`, () => {
        const standing = simulation.progress();
        return standing.wanted === wanted && standing.settled === wanted && simulation.isWhole();
      });
    },
    async lastSequence(bucket) {
      return await until(`the bucket ${bucket} can be asked`, async () => {
        const { state } = (await client.api(`STREAM.INFO.KV_${bucket}`)) as { state: { last_seq: number } };
        return state.last_seq;
      });
    },
  };
}
