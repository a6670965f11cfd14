/** The buckets against a real server, and against the ordinary key-value client that others use. */
import { compareBuckets, ensureBuckets, waitForBucket } from "#nats/buckets.ts";
import { deleteIf, putIf, readKey, readKeyDirect } from "#nats/compare-and-set.ts";
import { purgeKey } from "#nats/purge.ts";
import { createWriter } from "#nats/writer.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { headers } from "@nats-io/transport-node";
import { describe, expect, onTestFinished, test } from "vitest";

async function world(options: { bucketPrefix?: string } = {}) {
  const server = await testServer();
  const client = await testClient(server.url);
  const link = await testLink({ servers: server.url, ...options });
  return { server, client, link };
}

const ALL = ["desired-state", "device-state", "device-info", "device-heartbeat", "fleet"];
const BY_DEVICES = ["device-state", "device-info", "device-heartbeat"];

describe("the buckets", () => {
  test("are made as the contract says", async () => {
    const { client, link } = await world();
    expect(await ensureBuckets(link, { replicas: 1 })).toEqual([]);
    for (const bucket of ALL) {
      const byDevices = BY_DEVICES.includes(bucket);
      const info = await client.api(`STREAM.INFO.KV_${bucket}`);
      expect(info["config"]).toMatchObject({
        subjects: [`$KV.${bucket}.>`],
        storage: "file",
        discard: "new",
        retention: "limits",
        num_replicas: 1,
        max_msgs_per_subject: 1,
        allow_direct: true,
        deny_delete: true,
        allow_rollup_hdrs: !byDevices,
        max_msg_size: byDevices ? 16_384 : -1,
      });
    }
  });

  test("are left as they are the second time, and reported where they differ", async () => {
    const { client, link } = await world();
    await client.api("STREAM.CREATE.KV_device-state", {
      name: "KV_device-state",
      subjects: ["$KV.device-state.>"],
      max_msgs_per_subject: 5,
      allow_rollup_hdrs: true,
      allow_direct: true,
      deny_delete: true,
      discard: "new",
      storage: "memory",
    });
    const differences = await ensureBuckets(link, { replicas: 1 });
    expect(
      differences.map(({ bucket, setting, wanted, found }) => `${bucket} ${setting}: ${found}, not ${wanted}`),
    ).toEqual([
      'device-state storage: "memory", not "file"',
      "device-state max_msgs_per_subject: 5, not 1",
      "device-state max_msg_size: -1, not 16384",
      "device-state allow_rollup_hdrs: true, not false",
    ]);
    expect(await ensureBuckets(link, { replicas: 1 })).toEqual(differences);
    expect(await compareBuckets(link, { replicas: 1 })).toEqual({ missing: [], differences });
  });

  test("carry the prefix of their fleet", async () => {
    const { client, link } = await world({ bucketPrefix: "shop_" });
    await ensureBuckets(link, { replicas: 1 });
    await putIf(link, "x", { bucket: "fleet", key: "reconciler", expectedRevision: 0 });
    expect(await client.contents("shop_fleet")).toEqual(new Map([["reconciler", "x"]]));
  });

  test("that devices write refuse the header that would wipe them", async () => {
    const { client, link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    await client.put("device-state", "state.kiosk-1.web", "stays");
    const wipe = headers();
    wipe.set("Nats-Rollup", "all");
    const answer = await client.connection.request("$KV.device-state.state.kiosk-2.web", "x", {
      headers: wipe,
      timeout: 1_000,
    });
    expect(answer.json()).toMatchObject({ error: { err_code: 10111 } });
    expect(await client.contents("device-state")).toEqual(new Map([["state.kiosk-1.web", "stays"]]));
  });

  test("are waited for, until they are there or nobody waits any more", async () => {
    const { client, link } = await world();
    const waiting = waitForBucket(link, "fleet", AbortSignal.timeout(10_000));
    await client.api("STREAM.CREATE.KV_fleet", { name: "KV_fleet", subjects: ["$KV.fleet.>"] });
    expect(await waiting).toBe(true);
    expect(await waitForBucket(link, "desired-state", AbortSignal.timeout(50))).toBe(false);
  });

  test("cannot be made with more copies than there are servers, and the error says what to do", async () => {
    const { link } = await world();
    await expect(ensureBuckets(link, { replicas: 3 })).rejects.toMatchObject({ code: 10074, advice: "person" });
    await expect(ensureBuckets(link, { replicas: 3 })).rejects.toThrow(/--replicas 1/);
  });
});

describe("an ordinary key-value client", () => {
  test("reads, writes, deletes, creates and watches in each bucket", async () => {
    const { client, link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    const kvm = new Kvm(jetstream(client.connection));
    for (const bucket of ALL) {
      const kv = await kvm.open(bucket);
      await kv.put("a.b", "one");
      expect((await kv.get("a.b"))?.string()).toBe("one");
      await kv.delete("a.b");
      expect((await kv.get("a.b"))?.operation).toBe("DEL");
      const revision = await kv.create("a.b", "two");
      await kv.update("a.b", "three", revision);
      const watch = await kv.watch();
      for await (const entry of watch) {
        expect(entry.string()).toBe("three");
        break;
      }
      const status = await kv.status();
      expect({ bucket: status.bucket, history: status.history, values: status.values }).toEqual({
        bucket,
        history: 1,
        values: 1,
      });
    }
  });

  test("and this program understand each other's values and markers", async () => {
    const { client, link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    const kv = await new Kvm(jetstream(client.connection)).open("desired-state");
    const writer = createWriter(link);
    onTestFinished(() => writer.close());
    await writer.write({ bucket: "desired-state", key: "kiosk-1.web", value: "ours" });
    expect((await kv.get("kiosk-1.web"))?.string()).toBe("ours");
    await writer.write({ bucket: "desired-state", key: "kiosk-1.web", kind: "delete" });
    expect((await kv.get("kiosk-1.web"))?.operation).toBe("DEL");
    await kv.put("kiosk-1.db", "theirs");
    await kv.purge("kiosk-1.db");
    expect(await readKey(link, "desired-state", "kiosk-1.db")).toMatchObject({ value: null, revision: 4 });
  });
});

describe("one key", () => {
  test("is read from the leader and directly, with its revision, time and headers", async () => {
    const { link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    const before = Date.now();
    await putIf(link, "value", {
      bucket: "fleet",
      key: "reconciler",
      expectedRevision: 0,
      headers: { "Gitfleet-Fleet": "shop" },
    });
    for (const read of [readKey, readKeyDirect]) {
      const state = await read(link, "fleet", "reconciler");
      expect(Buffer.from(state?.value ?? []).toString()).toBe("value");
      expect(state?.revision).toBe(1);
      expect(state?.headers("Gitfleet-Fleet")).toBe("shop");
      expect(state?.headers("Gitfleet-Commit")).toBeUndefined();
      expect(state?.atMs).toBeGreaterThanOrEqual(before - 1);
      expect(await read(link, "fleet", "nothing")).toBeNull();
    }
  });

  test("is changed only where nobody changed it since, and a marker counts as a change", async () => {
    const { link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    const at = (expectedRevision: number) => ({ bucket: "fleet" as const, key: "reconciler", expectedRevision });
    expect(await putIf(link, "a", at(0))).toEqual({ kind: "written", revision: 1 });
    expect(await putIf(link, "b", at(0))).toEqual({ kind: "conflict" });
    expect(await deleteIf(link, at(1))).toEqual({ kind: "written", revision: 2 });
    expect(await putIf(link, "b", at(1))).toEqual({ kind: "conflict" });
    expect(await putIf(link, "b", at(2))).toEqual({ kind: "written", revision: 3 });
  });

  test("is purged without a marker, but not what was written since", async () => {
    const { client, link } = await world();
    await ensureBuckets(link, { replicas: 1 });
    await client.put("device-state", "state.kiosk-1.web", "a");
    await client.put("device-state", "state.kiosk-1.web", "b");
    expect(await purgeKey(link, { bucket: "device-state", key: "state.kiosk-1.web", upToRevision: 1 })).toBe(0);
    expect(await purgeKey(link, { bucket: "device-state", key: "state.kiosk-1.web", upToRevision: 2 })).toBe(1);
    await client.put("device-state", "state.kiosk-1.db", "c");
    await client.put("device-state", "state.kiosk-2.db", "d");
    expect(await purgeKey(link, { bucket: "device-state", key: "state.kiosk-1.>" })).toBe(1);
    expect(await client.contents("device-state")).toEqual(new Map([["state.kiosk-2.db", "d"]]));
  });

  test("may be asked for while its bucket is being made", async () => {
    const { client, link } = await world();
    const answers = new Set<unknown>();
    for (let round = 1; round <= 5; round += 1) {
      const made = new AbortController();
      const ask = async (): Promise<void> => {
        while (!made.signal.aborted)
          answers.add(await readKey(link, "fleet", "reconciler").catch((error: Error) => error.message));
      };
      const asking = Array.from({ length: 16 }, ask);
      await ensureBuckets(link, { replicas: 1 });
      made.abort();
      await Promise.all(asking);
      await client.api("STREAM.DELETE.KV_fleet");
    }
    expect(answers).toEqual(new Set([null, "the bucket fleet does not exist yet"]));
  });

  test("that is not there because its bucket is not, is an answer to wait for", async () => {
    const { link } = await world();
    await expect(readKey(link, "fleet", "reconciler")).rejects.toMatchObject({ advice: "wait" });
    const put = await putIf(link, "a", { bucket: "fleet", key: "reconciler", expectedRevision: 0 });
    expect(put).toMatchObject({ kind: "failed", error: { advice: "wait" } });
  });
});
