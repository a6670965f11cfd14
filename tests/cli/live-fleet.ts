/** A NATS with the buckets of a fleet, and hands to write keys as agents and a reconciler would. */
import { createHash } from "node:crypto";
import { ensureBuckets } from "#nats/buckets.ts";
import { wireTime } from "#schema/time.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import type { PlainClient } from "#tests/support/plain-client.ts";
import type { NatsServer } from "#sandbox/nats-server.ts";

/** What a test needs to tell a story. */
export interface LiveFleet {
  readonly server: NatsServer;
  readonly client: PlainClient;
  /** For `gitfleet`: where NATS is. */
  readonly env: { readonly GITFLEET_NATS: string };
  /** A value that a device should run; gives its digest. */
  desire(device: string, deployment: string, value?: string): Promise<string>;
  report(device: string, deployment: string, state: { phase: string; digest?: string; error?: string }): Promise<void>;
  info(device: string, labels?: Record<string, string>): Promise<void>;
  heartbeat(device: string): Promise<void>;
  record(fields?: object): Promise<void>;
}

const COMMIT = "1234567890abcdef1234567890abcdef12345678";
export const SCORE = '{"data":{"services":[{"image":"registry.example/web:1","name":"web"}]},"type":"PodmanV0"}';

/** Starts the server and makes the buckets; everything ends with the test. */
export async function liveFleet(): Promise<LiveFleet> {
  const server = await testServer();
  const link = await testLink({ servers: [server.url] });
  await ensureBuckets(link, { replicas: 1 });
  const client = await testClient(server.url);
  const now = (): string => wireTime(Date.now());
  return {
    server,
    client,
    env: { GITFLEET_NATS: server.url },
    async desire(device, deployment, value = SCORE) {
      await client.put("desired-state", `${device}.${deployment}`, value);
      return `sha256:${createHash("sha256").update(value).digest("hex")}`;
    },
    async report(device, deployment, { phase, digest, error }) {
      const state = {
        device_id: device,
        deployment,
        phase,
        last_event_at: now(),
        last_error: error ?? null,
        desired_digest: digest,
      };
      await client.put("device-state", `state.${device}.${deployment}`, JSON.stringify(state));
    },
    async info(device, labels = {}) {
      const value = { device_id: device, labels, inventory: { hostname: `host-${device}` }, updated_at: now() };
      await client.put("device-info", `info.${device}`, JSON.stringify(value));
    },
    async heartbeat(device) {
      await client.put("device-heartbeat", `heartbeat.${device}`, JSON.stringify({ device_id: device, at: now() }));
    },
    async record(fields = {}) {
      const value = {
        fleet: "shop-floor",
        branch: "main",
        head: COMMIT,
        applied: COMMIT,
        applying: null,
        applied_at: now(),
        refused: null,
        desired_keys: 1,
        ...fields,
      };
      await client.put("fleet", "reconciler", JSON.stringify(value));
    },
  };
}
