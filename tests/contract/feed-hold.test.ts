/** A feed that stands still while its reader writes: nothing of it comes back, and nobody else's change is missed. */
import { ensureBuckets } from "#nats/buckets.ts";
import { startTcpProxy, type TcpProxy } from "#sandbox/tcp-proxy.ts";
import type { NatsServer } from "#sandbox/nats-server.ts";
import { until } from "#sandbox/until.ts";
import { BUCKET, STREAM, consumerNames, createBucket } from "#tests/support/feed-world.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import type { PlainClient } from "#tests/support/plain-client.ts";
import { RememberingReader } from "#tests/support/remembering-reader.ts";
import { describe, expect, onTestFinished, test } from "vitest";

/** By itself the server forgets a consumer after 10 s. */
const CONSUMER_GONE_MS = 5_000;

interface World {
  readonly server: NatsServer;
  readonly proxy: TcpProxy;
  readonly client: PlainClient;
  readonly reader: RememberingReader;
}

async function world({ keys = 3 } = {}): Promise<World> {
  const server = await testServer();
  const client = await testClient(server.url);
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const link = await testLink({ servers: `nats://127.0.0.1:${proxy.port}` });
  await ensureBuckets(link, { replicas: 1 });
  for (let n = 0; n < keys; n += 1) await client.put(BUCKET, `kiosk-${n}.web`, `first ${n}`);
  const reader = new RememberingReader(link);
  await until("the feed has caught up", () => reader.feed.synced());
  return { server, proxy, client, reader };
}

/** Waits until the reader knows what the bucket holds. */
async function expectTruth({ client, reader }: World): Promise<void> {
  const truth = await until("the server answers", () => client.contents(BUCKET).catch(() => null));
  await until("the feed has caught up", () => reader.feed.synced());
  await until("the reader knows", () => JSON.stringify(sorted(reader.values)) === JSON.stringify(sorted(truth))).catch(
    () => null,
  );
  expect(sorted(reader.values)).toEqual(sorted(truth));
}

function sorted(values: ReadonlyMap<string, string>): [string, string][] {
  return [...values].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe("a feed that is held", () => {
  test("tells nothing of what its reader wrote, and goes on behind it", async () => {
    const it = await world();
    const { reader, client } = it;
    reader.log.length = 0;
    expect(reader.hold()).toBe(true);
    await until("no consumer is woken by what is written", async () => (await consumerNames(client)).length === 0, {
      limitMs: CONSUMER_GONE_MS,
    });
    for (let n = 0; n < 50; n += 1) expect(await reader.write(`kiosk-${n}.web`, `own ${n}`)).toBe(true);
    expect(reader.feed.synced()).toBe(false);
    reader.release();
    await until("the feed has caught up", () => reader.feed.synced());
    await client.put(BUCKET, "kiosk-7.web", "foreign");
    await until("the foreign change is told", () => reader.log.length > 1);
    expect(reader.log).toEqual(["synced", "put kiosk-7.web foreign"]);
    await expectTruth(it);
  });

  test("tells everything from the first change on that was not its reader's", async () => {
    const it = await world();
    const { reader, client } = it;
    reader.log.length = 0;
    reader.hold();
    await reader.write("kiosk-0.web", "own 1");
    await client.put(BUCKET, "kiosk-1.web", "foreign");
    await reader.write("kiosk-2.web", "own 2");
    expect(await reader.write("kiosk-1.web", "own 3")).toBe(false);
    expect(reader.log).toEqual([]);
    reader.release();
    await until("the feed has caught up", () => reader.feed.synced());
    expect(reader.log).toEqual(["put kiosk-1.web foreign", "put kiosk-2.web own 2", "synced"]);
    await expectTruth(it);
  });

  test("begins behind markers that were taken away, where nothing is left at its end", async () => {
    const it = await world({ keys: 1 });
    const { reader, client } = it;
    await client.mark(BUCKET, "kiosk-0.web", "DEL");
    await until("the marker is told", () => reader.log.includes("delete kiosk-0.web"));
    await client.api(`STREAM.PURGE.${STREAM}`, { filter: `$KV.${BUCKET}.kiosk-0.web` });
    await until("the purge is noticed", () => reader.known.size === 0 && reader.feed.synced());
    reader.log.length = 0;
    reader.hold();
    await reader.write("kiosk-1.web", "own");
    reader.release();
    await until("the feed has caught up", () => reader.feed.synced());
    expect(reader.log).toEqual(["synced"]);
    await expectTruth(it);
  });

  test("forgets and tells all where the bucket was made anew meanwhile", async () => {
    const it = await world();
    const { reader, client } = it;
    reader.log.length = 0;
    reader.hold();
    await reader.write("kiosk-0.web", "own 1");
    await client.api(`STREAM.DELETE.${STREAM}`);
    await createBucket(client);
    await client.put(BUCKET, "kiosk-9.web", "of the new one");
    reader.release();
    await until("the feed has caught up", () => reader.feed.synced());
    expect(reader.log).toEqual(["unsynced", "forget", "put kiosk-9.web of the new one", "synced"]);
    await expectTruth(it);
  });

  test("goes on by itself when the connection was lost", async () => {
    const it = await world();
    const { reader, proxy, client } = it;
    reader.log.length = 0;
    reader.hold();
    await reader.write("kiosk-0.web", "own 1");
    proxy.cut();
    await client.put(BUCKET, "kiosk-1.web", "foreign");
    await until("the feed has caught up", () => reader.feed.synced());
    expect(reader.log).toEqual(["unsynced", "put kiosk-1.web foreign", "synced"]);
    reader.release();
    await expectTruth(it);
  });

  test("notices what was purged without a marker meanwhile", async () => {
    const it = await world();
    const { reader, client } = it;
    reader.hold();
    await client.api(`STREAM.PURGE.${STREAM}`, { filter: `$KV.${BUCKET}.kiosk-1.web` });
    reader.release();
    await until("the purge is noticed", () => !reader.known.has("kiosk-1.web"));
    await expectTruth(it);
    expect(reader.values.size).toBe(2);
  });

  test("can be stopped", async () => {
    const { reader } = await world();
    reader.hold();
    await reader.feed.stop();
    expect(reader.feed.hold()).toBeNull();
  });
});

describe.each([1, 2, 3])("with chance %i, whatever happens in between", (seed) => {
  test("the reader ends with the truth", async () => {
    const it = await world();
    const { reader, client, proxy, server } = it;
    const below = seeded(seed * 7_919);
    const key = (): string => `kiosk-${below(12)}.web`;
    for (let n = 0; n < 150; n += 1) {
      const choice = below(20);
      if (choice < 10) await reader.write(key(), `own ${n}`);
      else if (choice < 13) await client.put(BUCKET, key(), `foreign ${n}`);
      else if (choice < 14) await client.mark(BUCKET, key(), "DEL");
      else if (choice < 17) reader.hold();
      else if (choice < 19) reader.release();
      else if (below(4) > 0) proxy.cut();
      else await server.restart();
    }
    reader.release();
    await expectTruth(it);
    expect(reader.log).toContain("synced");
  });
});

/** Chance that can be repeated: the seed is in the title of the test. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return Math.abs(state % below);
  };
}
