/** What a feed promises, held against a real server that fails in every way we know. */
import { until } from "#sandbox/until.ts";
import { mirrorFeed } from "#tests/support/feed-mirror.ts";
import {
  BUCKET,
  STREAM,
  consumerNames,
  createBucket,
  expectTruth,
  storedKeys,
  world,
  type World,
} from "#tests/support/feed-world.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { headers } from "@nats-io/transport-node";
import { describe, expect, onTestFinished, test } from "vitest";

describe("a feed catches up", () => {
  test("with an empty bucket", async () => {
    const { mirror } = await world({ keys: 0 });
    expect(mirror.signals).toEqual(["synced"]);
    expect(mirror.log).toEqual([]);
  });

  test("with every key told once before it says so", async () => {
    const { mirror } = await world({ keys: 50 });
    expect(mirror.log).toHaveLength(50);
    expect(mirror.broken).toEqual([]);
  });

  test("with a bucket that appears late, and says what it waits for until then", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    const mirror = mirrorFeed(link, { bucket: BUCKET });
    onTestFinished(() => mirror.stop());
    await until("the feed says what it waits for", () => mirror.signals.length > 0);
    expect(mirror.signals).toEqual(["unsynced: the bucket desired-state does not exist yet"]);
    expect(mirror.feed.synced()).toBe(false);
    await createBucket(client);
    await client.put(BUCKET, "kiosk-1.web", "late");
    await expectTruth({ client, mirror });
  });

  test("while keys are overwritten under it, not before it has told all that was there", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    await createBucket(client);
    const keys = Array.from({ length: 3_000 }, (_unused, n) => `kiosk-${n}.web`);
    for (const key of keys) client.connection.publish(`$KV.${BUCKET}.${key}`, "before");
    await client.connection.flush();
    await until("all keys are stored", async () => (await storedKeys(client)) === keys.length);
    let missingWhenSynced = -1;
    let round = 0;
    const mirror = mirrorFeed(link, { bucket: BUCKET }, () => {
      // One overwrite for each change that arrives, in another order.
      const key = keys[(round * 7) % keys.length] ?? "";
      if (round < 6_000) client.connection.publish(`$KV.${BUCKET}.${key}`, `round ${round}`);
      round += 1;
      if (missingWhenSynced < 0 && mirror.signals.length > 0) missingWhenSynced = keys.length - mirror.values.size;
    });
    onTestFinished(() => mirror.stop());
    await until("the feed has caught up", () => mirror.feed.synced());
    expect(mirror.values.size).toBe(keys.length);
    await until("the overwriting is over", () => round >= 6_000);
    expect(missingWhenSynced).toBe(0);
    await client.connection.flush();
    await expectTruth({ client, mirror }, 20_000);
  });

  test("with keys and markers alone, where nobody wants the values", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    await createBucket(client);
    await client.put(BUCKET, "kiosk-1.web", "a value");
    await client.put(BUCKET, "kiosk-2.web", "a value");
    await client.mark(BUCKET, "kiosk-2.web", "DEL");
    const mirror = mirrorFeed(link, { bucket: BUCKET, keysOnly: true });
    onTestFinished(() => mirror.stop());
    await until("the feed has caught up", () => mirror.feed.synced());
    await client.put(BUCKET, "kiosk-3.web", "a value");
    await until("the new key is told", () => mirror.values.has("kiosk-3.web"));
    expect([...mirror.values]).toEqual([
      ["kiosk-1.web", ""],
      ["kiosk-3.web", ""],
    ]);
    expect(mirror.log).toHaveLength(3);
  });

  test("with a bucket that keeps more than one message per key, each key's last one first", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    await createBucket(client, { max_msgs_per_subject: 5 });
    await client.put(BUCKET, "kiosk-1.web", "old");
    await client.put(BUCKET, "kiosk-1.web", "new");
    const mirror = mirrorFeed(link, { bucket: BUCKET });
    onTestFinished(() => mirror.stop());
    await expectTruth({ client, mirror });
    expect(mirror.log).toEqual(["put kiosk-1.web new"]);
  });
});

describe("a feed tells", () => {
  test("each change with the server's time, its revision and its headers", async () => {
    const { client, link } = await world({ keys: 0 });
    const changes: unknown[] = [];
    const mirror = mirrorFeed(link, { bucket: BUCKET }, (change) => {
      if (change.kind !== "absent")
        changes.push({ ...change, fleet: change.kind === "put" && change.headers("Gitfleet-Fleet") });
    });
    onTestFinished(() => mirror.stop());
    const meta = headers();
    meta.set("Gitfleet-Fleet", "shop");
    const before = Date.now();
    await client.connection.request(`$KV.${BUCKET}.kiosk-1.web`, "x", { headers: meta, timeout: 1_000 });
    await until("the change is told", () => changes.length > 0);
    expect(changes[0]).toMatchObject({ kind: "put", key: "kiosk-1.web", revision: 1, fleet: "shop" });
    const { atMs } = changes[0] as { atMs: number };
    expect(atMs).toBeGreaterThanOrEqual(before);
    expect(atMs).toBeLessThanOrEqual(Date.now());
  });

  test("markers as what they are, live and replayed", async () => {
    const { client, link, mirror } = await world({ keys: 2 });
    await client.mark(BUCKET, "kiosk-0.web", "DEL");
    await client.mark(BUCKET, "kiosk-1.web", "PURGE");
    await until("both are told", () => mirror.log.length === 4);
    expect(mirror.log.slice(2)).toEqual(["delete kiosk-0.web", "purge kiosk-1.web"]);
    const second = mirrorFeed(link, { bucket: BUCKET });
    onTestFinished(() => second.stop());
    await until("the second feed has caught up", () => second.feed.synced());
    expect(second.log).toEqual(["delete kiosk-0.web", "purge kiosk-1.web"]);
  });

  test("keys that were purged without a marker as absent", async () => {
    const { client, mirror } = await world({ keys: 5 });
    await client.api(`STREAM.PURGE.${STREAM}`, { filter: `$KV.${BUCKET}.kiosk-2.web` });
    await until("the key is told to be absent", () => mirror.log.includes("absent kiosk-2.web"));
    await expectTruth({ client, mirror });
    await client.api(`STREAM.PURGE.${STREAM}`);
    await until("all are told to be absent", () => mirror.values.size === 0);
    expect(mirror.broken).toEqual([]);
  });

  test("only the keys of its filter", async () => {
    const { client, link } = await world({ keys: 12 });
    const mirror = mirrorFeed(link, { bucket: BUCKET, filter: "kiosk-1.>" });
    onTestFinished(() => mirror.stop());
    await until("the feed has caught up", () => mirror.feed.synced());
    await client.put(BUCKET, "kiosk-2.web", "not for us");
    await client.put(BUCKET, "kiosk-1.db", "for us");
    await until("the change is told", () => mirror.log.length === 2);
    expect(mirror.log).toEqual(["put kiosk-1.web first 1", "put kiosk-1.db for us"]);
  });
});

/** What happens to a feed that has caught up; afterwards the bucket exists and may hold anything. */
const FAULTS: Record<string, (world: World) => Promise<void>> = {
  "the connection is cut": async ({ proxy, client }) => {
    proxy.cut();
    await client.put(BUCKET, "kiosk-1.web", "after the cut");
  },
  "the connection is down for a while": async ({ proxy, client, mirror }) => {
    proxy.shut();
    await until("the loss is noticed", () => !mirror.feed.synced());
    await client.put(BUCKET, "kiosk-1.web", "while down");
    await client.mark(BUCKET, "kiosk-2.web", "DEL");
    proxy.open();
  },
  "the connection goes silent": async ({ proxy, client, mirror }) => {
    proxy.freeze();
    await client.put(BUCKET, "kiosk-1.web", "while silent");
    await until("the silence is noticed", () => !mirror.feed.synced());
    proxy.thaw();
  },
  "the server is killed and comes back": async ({ server, client }) => {
    await server.kill();
    await server.start();
    await client.put(BUCKET, "kiosk-1.web", "after the kill");
  },
  "the server is restarted": async ({ server, client }) => {
    await server.restart();
    await client.put(BUCKET, "kiosk-1.web", "after the restart");
  },
  "the server stands still for longer than the heartbeat": async ({ server, client, mirror }) => {
    server.pause();
    await until("the silence is noticed", () => !mirror.feed.synced());
    server.resume();
    await client.put(BUCKET, "kiosk-1.web", "after the stand-still");
  },
  "the consumer is deleted": async ({ client, mirror }) => {
    for (const name of await consumerNames(client)) await client.api(`CONSUMER.DELETE.${STREAM}.${name}`);
    await client.put(BUCKET, "kiosk-1.web", "unseen");
    await until("the loss is noticed", () => mirror.signals.some((signal) => signal.startsWith("unsynced")));
  },
  "the bucket is deleted and re-created with fewer messages": async ({ client }) => {
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
    await client.put(BUCKET, "kiosk-3.web", "in the new bucket");
  },
  "the bucket is deleted and re-created with as many messages": async ({ client }) => {
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
    for (let n = 0; n < 20; n += 1) await client.put(BUCKET, `kiosk-${n + 5}.web`, `in the new bucket ${n}`);
  },
  "the bucket is deleted and re-created with more messages": async ({ client }) => {
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
    for (let n = 0; n < 45; n += 1) await client.put(BUCKET, `kiosk-${n + 5}.web`, `in the new bucket ${n}`);
  },
  "the bucket is deleted and stays empty": async ({ client }) => {
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
  },
  "the bucket is re-created while the connection is down": async ({ client, proxy, mirror }) => {
    proxy.shut();
    await until("the loss is noticed", () => !mirror.feed.synced());
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
    for (let n = 0; n < 20; n += 1) await client.put(BUCKET, `kiosk-${n}.web`, `other ${n}`);
    proxy.open();
  },
  "the storage is wiped": async ({ server, client }) => {
    await server.wipe();
    await createBucket(client);
    await client.put(BUCKET, "kiosk-1.web", "after the wipe");
  },
  "the storage is wiped and the bucket comes back much later": async ({ server, client, mirror }) => {
    await server.wipe();
    await until("the feed says that the bucket is gone", () => mirror.signals.at(-1)?.includes("does not exist"));
    await createBucket(client);
    for (let n = 0; n < 30; n += 1) await client.put(BUCKET, `kiosk-${n}.db`, `new ${n}`);
  },
};

describe.each([
  { title: "a feed", restricted: false },
  { title: "a restricted feed", restricted: true },
])("$title holds the truth after", ({ restricted }) => {
  test.each(Object.entries(FAULTS))("%s", async (_title, fault) => {
    const it = await world({ restricted });
    await fault(it);
    await expectTruth(it);
    // And it is alive: what comes now arrives at once.
    await it.client.put(BUCKET, "kiosk-99.web", "afterwards");
    await until("a later change arrives", () => it.mirror.values.get("kiosk-99.web") === "afterwards");
    await expectTruth(it);
    expect(it.mirror.broken).toEqual([]);
  });
});

describe("a feed of a bucket in memory", () => {
  test("holds the truth after a restart has emptied it", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    await createBucket(client, { storage: "memory" });
    for (let n = 0; n < 10; n += 1) await client.put(BUCKET, `kiosk-${n}.web`, "before");
    const mirror = mirrorFeed(link, { bucket: BUCKET });
    onTestFinished(() => mirror.stop());
    await expectTruth({ client, mirror });
    await server.restart();
    await createBucket(client, { storage: "memory" });
    for (let n = 5; n < 20; n += 1) await client.put(BUCKET, `kiosk-${n}.web`, "after");
    await expectTruth({ client, mirror });
    expect(mirror.values.has("kiosk-1.web")).toBe(false);
  });
});

describe("a slow reader", () => {
  test("slows the server down and is not cut off", async () => {
    const server = await testServer();
    const client = await testClient(server.url);
    const link = await testLink({ servers: server.url });
    await createBucket(client);
    const value = "x".repeat(1_000);
    for (let n = 0; n < 8_000; n += 1) client.connection.publish(`$KV.${BUCKET}.kiosk-${n}.web`, value);
    await client.connection.flush();
    await until("all keys are stored", async () => (await storedKeys(client)) === 8_000);
    const mirror = mirrorFeed(link, { bucket: BUCKET }, () => busyFor(0.2));
    onTestFinished(() => mirror.stop());
    await until("the feed has caught up", () => mirror.feed.synced(), { limitMs: 20_000 });
    expect(mirror.signals).toEqual(["synced"]);
    expect(mirror.values.size).toBe(8_000);
    expect(mirror.broken).toEqual([]);
    expect(server.logTail()).not.toContain("Slow Consumer");
  });
});

function busyFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}
