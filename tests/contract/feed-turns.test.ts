/** Feeds of one connection catch up one after the other, held against a real server. */
import { ensureBuckets } from "#nats/buckets.ts";
import { startFeed, type Feed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { until } from "#sandbox/until.ts";
import type { BucketName } from "#schema/keys.ts";
import { createBucket } from "#tests/support/feed-world.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { expect, onTestFinished, test } from "vitest";

const BUCKETS: readonly BucketName[] = ["desired-state", "device-state"];
const KEYS = 2_000;

/** A feed that notes what it is told as `<bucket>` and `<bucket> synced`. */
function noting(link: NatsLink, bucket: BucketName, log: string[], filter = ">"): Feed {
  const feed = startFeed(
    link,
    { bucket, filter, idleHeartbeatMs: 150 },
    {
      change: () => log.push(bucket),
      synced: () => log.push(`${bucket} synced`),
      unsynced: () => {},
    },
  );
  onTestFinished(() => feed.stop());
  return feed;
}

async function filled(): Promise<NatsLink> {
  const server = await testServer();
  const client = await testClient(server.url);
  const link = await testLink({ servers: server.url });
  await ensureBuckets(link, { replicas: 1 });
  for (const bucket of BUCKETS) {
    for (let n = 0; n < KEYS; n += 1) client.connection.publish(`$KV.${bucket}.kiosk-${n}.web`, "value");
  }
  await client.connection.flush();
  return link;
}

test("the second bucket is told once all of the first was", async () => {
  const link = await filled();
  const log: string[] = [];
  const feeds = BUCKETS.map((bucket) => noting(link, bucket, log));
  await until("both have caught up", () => feeds.every((feed) => feed.synced()));
  const told = (bucket: BucketName): string[] => [...Array<string>(KEYS).fill(bucket), `${bucket} synced`];
  expect(log).toEqual(BUCKETS.flatMap(told));
});

test("a feed that is stopped before its turn keeps nobody waiting", async () => {
  const link = await filled();
  const log: string[] = [];
  const [, waiting, last] = [...BUCKETS, ...BUCKETS.slice(0, 1)].map((bucket) => noting(link, bucket, log));
  await waiting?.stop();
  await until("the last has caught up", () => last?.synced() === true);
  expect(log).not.toContain("device-state");
});

test("a feed of single keys waits for no turn", async () => {
  const link = await filled();
  const endTurn = await link.catchUps.take(new AbortController().signal);
  const whole = noting(link, "desired-state", []);
  const single = noting(link, "device-state", [], "kiosk-7.web");
  await until("the feed of one key has caught up", () => single.synced());
  expect(whole.synced()).toBe(false);
  endTurn();
  await until("the other has caught up", () => whole.synced());
});

test("a bucket that does not exist yet keeps nobody waiting", async () => {
  const server = await testServer();
  const client = await testClient(server.url);
  const link = await testLink({ servers: server.url });
  const log: string[] = [];
  const missing = noting(link, "device-state", log);
  await createBucket(client);
  const there = noting(link, "desired-state", log);
  await until("the bucket that is there is told", () => there.synced());
  expect(missing.synced()).toBe(false);
});
