/** The outbox against a real server: the latest value of each key arrives, whatever happens in between. */
import { ensureBuckets } from "#nats/buckets.ts";
import { createOutbox } from "#nats/outbox.ts";
import { startTcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { describe, expect, onTestFinished, test } from "vitest";

const BUCKET = "device-state";
const KEY = "state.kiosk-1.web";

async function world({ buckets = true, maxKeys = 100 } = {}) {
  const server = await testServer();
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const client = await testClient(server.url);
  const link = await testLink({ servers: `nats://127.0.0.1:${proxy.port}` });
  if (buckets) await ensureBuckets(link, { replicas: 1 });
  const dropped: string[] = [];
  const outbox = createOutbox(link, { maxKeys, timeoutMs: 300, onDropped: ({ key }) => dropped.push(key) });
  onTestFinished(() => outbox.stop());
  return { server, proxy, client, link, outbox, dropped };
}

describe("an outbox", () => {
  test("sends at once while connected", async () => {
    const { outbox, client } = await world();
    outbox.put(BUCKET, KEY, "one");
    outbox.put(BUCKET, KEY, "two");
    outbox.put(BUCKET, "state.kiosk-1.db", "three");
    expect(outbox.pending()).toBe(2);
    expect(await outbox.idle(2_000)).toBe(true);
    expect(await client.contents(BUCKET)).toEqual(
      new Map([
        [KEY, "two"],
        ["state.kiosk-1.db", "three"],
      ]),
    );
  });

  test("keeps the latest value of each key while disconnected, and the latest deletion", async () => {
    const { outbox, client, proxy, link } = await world();
    outbox.put(BUCKET, "state.kiosk-1.gone", "old");
    await outbox.idle(2_000);
    proxy.shut();
    await until("the loss is noticed", () => !link.connected());
    for (let n = 0; n < 50; n += 1) outbox.put(BUCKET, KEY, `value ${n}`);
    outbox.delete(BUCKET, "state.kiosk-1.gone");
    expect(await outbox.idle(20)).toBe(false);
    expect(outbox.pending()).toBe(2);
    proxy.open();
    expect(await outbox.idle(5_000)).toBe(true);
    expect(await client.contents(BUCKET)).toEqual(new Map([[KEY, "value 49"]]));
  });

  test("delivers what was in flight when the server was killed", async () => {
    const { outbox, client, server } = await world();
    server.pause();
    outbox.put(BUCKET, KEY, "in flight");
    await server.kill();
    await server.start();
    expect(await outbox.idle(5_000)).toBe(true);
    expect(await client.contents(BUCKET)).toEqual(new Map([[KEY, "in flight"]]));
  });

  test("ends with the newest value where older ones were given up but arrive late", async () => {
    const { outbox, client, server } = await world();
    outbox.put(BUCKET, KEY, "first");
    await outbox.idle(2_000);
    server.pause();
    outbox.put(BUCKET, KEY, "second");
    await until("the second is overdue", async () => !(await outbox.idle(400)));
    outbox.put(BUCKET, KEY, "third");
    server.resume();
    expect(await outbox.idle(5_000)).toBe(true);
    expect((await client.contents(BUCKET)).get(KEY)).toBe("third");
  });

  test("waits for a bucket that does not exist yet", async () => {
    const { outbox, client, link } = await world({ buckets: false });
    outbox.put(BUCKET, KEY, "early");
    expect(await outbox.idle(50)).toBe(false);
    await ensureBuckets(link, { replicas: 1 });
    expect(await outbox.idle(10_000)).toBe(true);
    expect((await client.contents(BUCKET)).get(KEY)).toBe("early");
  });

  test("gives up what can never be sent, and says so", async () => {
    const { outbox, dropped } = await world();
    outbox.put(BUCKET, KEY, "x".repeat(17_000));
    expect(await outbox.idle(2_000)).toBe(true);
    expect(dropped).toEqual([KEY]);
  });

  test("drops the oldest key beyond its bound, and says so", async () => {
    const { outbox, client, proxy, link, dropped } = await world({ maxKeys: 3 });
    proxy.shut();
    await until("the loss is noticed", () => !link.connected());
    for (let n = 0; n < 5; n += 1) outbox.put(BUCKET, `state.kiosk-${n}.web`, "x");
    expect(dropped).toEqual(["state.kiosk-0.web", "state.kiosk-1.web"]);
    proxy.open();
    expect(await outbox.idle(5_000)).toBe(true);
    expect((await client.contents(BUCKET)).size).toBe(3);
  });
});
