/** A server with a bucket, and a feed that follows it through a proxy: where the promises of a feed are tested. */
import { ensureBuckets } from "#nats/buckets.ts";
import { bucketSettings } from "#nats/bucket-settings.ts";
import type { NatsLink } from "#nats/connect.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import type { NatsServer } from "#sandbox/nats-server.ts";
import { startTcpProxy, type TcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { expect, onTestFinished } from "vitest";
import { mirrorFeed, type FeedMirror } from "./feed-mirror.ts";
import { testClient, testLink, testServer } from "./nats-fixture.ts";
import type { PlainClient } from "./plain-client.ts";

export const BUCKET = "desired-state";
export const STREAM = `KV_${BUCKET}`;

/** What a test of a feed works with. */
export interface World {
  readonly server: NatsServer;
  readonly proxy: TcpProxy;
  readonly link: NatsLink;
  readonly client: PlainClient;
  readonly mirror: FeedMirror;
}

/** A server with the buckets and `keys` keys, and a feed through a proxy that has caught up. */
export async function world({ keys = 20, restricted = false, filter = ">" } = {}): Promise<World> {
  const server = await testServer();
  const client = await testClient(server.url);
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const link = await testLink({ servers: `nats://127.0.0.1:${proxy.port}` });
  await ensureBuckets(link, { replicas: 1 });
  for (let n = 0; n < keys; n += 1) await client.put(BUCKET, `kiosk-${n}.web`, `first ${n}`);
  const mirror = mirrorFeed(link, { bucket: BUCKET, filter, restricted, auditMs: 200 });
  onTestFinished(() => mirror.stop());
  await until("the feed has caught up", () => mirror.feed.synced());
  expect(mirror.values.size).toBe(keys);
  return { server, proxy, link, client, mirror };
}

/** Waits until the feed says that it has caught up and holds what the bucket holds; nothing may have been repeated. */
export async function expectTruth(
  { client, mirror }: Pick<World, "client" | "mirror">,
  limitMs = 10_000,
): Promise<void> {
  const truth = await until("the server answers", async () => client.contents(BUCKET).catch(() => null));
  await until("the feed has caught up", () => mirror.feed.synced(), { limitMs });
  await until("the feed holds what the bucket holds", () => sameMap(mirror.values, truth), { limitMs }).catch(
    () => null,
  );
  expect(mirror.values).toEqual(truth);
  expect(mirror.broken).toEqual([]);
}

function sameMap(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

/** The bucket as the contract has it, made by the plain client. */
export async function createBucket(client: PlainClient, changes: Record<string, unknown> = {}): Promise<void> {
  const settings = bucketSettings(natsOptionsSchema.parse({}), BUCKET, 1);
  await until("the bucket is created", async () => {
    const answer = await client.api(`STREAM.CREATE.${STREAM}`, { ...settings, ...changes }).catch(() => null);
    return answer !== null && answer["error"] === undefined;
  });
}

/** The consumers of the bucket. */
export async function consumerNames(client: PlainClient): Promise<string[]> {
  const answer = await client.api(`CONSUMER.NAMES.${STREAM}`);
  return (answer["consumers"] as string[] | undefined) ?? [];
}

/** How many messages the bucket holds. */
export async function storedKeys(client: PlainClient): Promise<number> {
  const info = await client.api(`STREAM.INFO.${STREAM}`);
  return (info["state"] as { messages: number }).messages;
}
