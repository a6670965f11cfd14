/** A device with no more rights than it must have: its feed, its reports and their limits, through restarts of the server. */
import { ensureBuckets } from "#nats/buckets.ts";
import { readKeyDirect } from "#nats/compare-and-set.ts";
import type { NatsOptionsInput } from "#nats/options.ts";
import { createOutbox } from "#nats/outbox.ts";
import { until } from "#sandbox/until.ts";
import { CLOUD_LOGIN, DEVICE, DEVICE_LOGIN, oneAccount, twoAccounts } from "#tests/support/device-accounts.ts";
import { mirrorFeed } from "#tests/support/feed-mirror.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { describe, expect, onTestFinished, test } from "vitest";

const BUCKET = "desired-state";

const SETUPS: { title: string; config: string; options: NatsOptionsInput }[] = [
  {
    title: "in one account",
    config: oneAccount(),
    options: { inboxPrefix: `_INBOX.${DEVICE}` },
  },
  {
    title: "in an account of its own",
    config: twoAccounts(),
    options: { inboxPrefix: `_INBOX.${DEVICE}`, apiPrefix: "fleet.API", deliverPrefix: `dlv.${DEVICE}` },
  },
];

async function world({ config, options }: (typeof SETUPS)[number], { buckets = true } = {}) {
  const server = await testServer({ config });
  const login = (user: { user: string; pass: string }): string =>
    server.url.replace("//", `//${user.user}:${user.pass}@`);
  const cloud = await testLink({ servers: login(CLOUD_LOGIN) });
  const client = await testClient(server.url, CLOUD_LOGIN);
  const device = await testLink({ ...options, servers: login(DEVICE_LOGIN) });
  if (buckets) await ensureBuckets(cloud, { replicas: 1 });
  const startMirror = () => {
    const mirror = mirrorFeed(device, { bucket: BUCKET, filter: `${DEVICE}.>`, restricted: true });
    onTestFinished(() => mirror.stop());
    return mirror;
  };
  return { server, cloud, client, device, startMirror };
}

describe.each(SETUPS)("a device $title", (setup) => {
  test("sees its own keys and only those, with an empty bucket, too", async () => {
    const { client, startMirror } = await world(setup);
    const mirror = startMirror();
    await until("it has caught up with nothing", () => mirror.feed.synced());
    await client.put(BUCKET, "kiosk-2.web", "another's");
    await client.put(BUCKET, `${DEVICE}.web`, "mine");
    await until("its key arrives", () => mirror.values.size > 0);
    expect(mirror.values).toEqual(new Map([[`${DEVICE}.web`, "mine"]]));
    expect(mirror.broken).toEqual([]);
  });

  test("holds the truth after a restart of the server, and hears what comes then", async () => {
    const { server, client, startMirror } = await world(setup);
    await client.put(BUCKET, `${DEVICE}.web`, "one");
    await client.put(BUCKET, `${DEVICE}.db`, "one");
    const mirror = startMirror();
    await until("it has caught up", () => mirror.feed.synced() && mirror.values.size === 2);
    await server.kill();
    await server.start();
    await client.put(BUCKET, `${DEVICE}.web`, "two");
    await client.mark(BUCKET, `${DEVICE}.db`, "DEL");
    await until("it has caught up again", () => mirror.feed.synced() && mirror.values.get(`${DEVICE}.web`) === "two");
    await client.put(BUCKET, `${DEVICE}.log`, "three");
    await until("the later key arrives", () => mirror.values.has(`${DEVICE}.log`));
    expect(mirror.log).toEqual([
      `put ${DEVICE}.web one`,
      `put ${DEVICE}.db one`,
      `put ${DEVICE}.web two`,
      `delete ${DEVICE}.db`,
      `put ${DEVICE}.log three`,
    ]);
    expect(mirror.broken).toEqual([]);
  });

  test("waits for a bucket that appears late", async () => {
    const { cloud, client, startMirror } = await world(setup, { buckets: false });
    const mirror = startMirror();
    await until("it says what it waits for", () => mirror.signals.length > 0);
    expect(mirror.feed.synced()).toBe(false);
    await ensureBuckets(cloud, { replicas: 1 });
    await client.put(BUCKET, `${DEVICE}.web`, "one");
    await until("its key arrives", () => mirror.feed.synced() && mirror.values.size === 1);
    expect(mirror.broken).toEqual([]);
  });

  test("receives more than the server sends without an answer", async () => {
    const { client, startMirror } = await world(setup);
    const value = "x".repeat(1_000);
    for (let n = 0; n < 7_000; n += 1) client.connection.publish(`$KV.${BUCKET}.${DEVICE}.app-${n}`, value);
    await client.connection.flush();
    const mirror = startMirror();
    await until("all keys arrive", () => mirror.feed.synced() && mirror.values.size === 7_000);
    expect(mirror.broken).toEqual([]);
  });

  test("reports about itself, and is told when it may not", async () => {
    const { client, device } = await world(setup);
    const dropped: string[] = [];
    const outbox = createOutbox(device, { onDropped: ({ key }) => dropped.push(key) });
    onTestFinished(() => outbox.stop());
    outbox.put("device-state", `state.${DEVICE}.web`, "running");
    outbox.put("device-heartbeat", `heartbeat.${DEVICE}`, "beat");
    outbox.put("device-state", "state.kiosk-2.web", "forged");
    expect(await outbox.idle(5_000)).toBe(true);
    expect(dropped).toEqual(["state.kiosk-2.web"]);
    expect(await client.contents("device-state")).toEqual(new Map([[`state.${DEVICE}.web`, "running"]]));
  });

  test("reads its own key directly, and no other", async () => {
    const { client, device } = await world(setup);
    await client.put(BUCKET, `${DEVICE}.web`, "mine");
    await client.put(BUCKET, "kiosk-2.web", "another's");
    const own = await readKeyDirect(device, BUCKET, `${DEVICE}.web`);
    expect(Buffer.from(own?.value ?? []).toString()).toBe("mine");
    await expect(readKeyDirect(device, BUCKET, "kiosk-2.web")).rejects.toMatchObject({ advice: "person" });
  });
});
