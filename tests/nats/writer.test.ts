/** The writer against a real server: what is acknowledged is there, and what is not is said to be so. */
import { ensureBuckets } from "#nats/buckets.ts";
import { createWriter, type Write, type WriteResult } from "#nats/writer.ts";
import { startTcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { describe, expect, onTestFinished, test } from "vitest";

async function world() {
  const server = await testServer();
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const client = await testClient(server.url);
  const link = await testLink({ servers: `nats://127.0.0.1:${proxy.port}` });
  await ensureBuckets(link, { replicas: 1 });
  const writer = createWriter(link, { window: 64, timeoutMs: 300 });
  onTestFinished(() => writer.close());
  return { server, proxy, client, link, writer };
}

type Extras = Pick<Write, "headers" | "expectedRevision">;
const put = (key: string, value: string, more: Extras = {}): Write => ({
  bucket: "desired-state",
  key,
  value,
  ...more,
});

describe("a writer", () => {
  test("writes far more than its window, and says the revision of each", async () => {
    const { writer, client } = await world();
    const results: Promise<WriteResult>[] = [];
    for (let n = 0; n < 1_000; n += 1) {
      await writer.ready();
      results.push(writer.write(put(`kiosk-${n}.web`, `value ${n}`)));
    }
    await writer.flush();
    const revisions = (await Promise.all(results)).map((result) => (result.kind === "written" ? result.revision : 0));
    expect(revisions).toEqual(Array.from({ length: 1_000 }, (_unused, n) => n + 1));
    expect((await client.contents("desired-state")).get("kiosk-999.web")).toBe("value 999");
  });

  test("keeps the order of writes to one key when it has to wait for room", async () => {
    const { writer, client } = await world();
    const results = Array.from({ length: 500 }, (_unused, n) => writer.write(put("kiosk-1.web", `value ${n}`)));
    await Promise.all(results);
    expect(await client.contents("desired-state")).toEqual(new Map([["kiosk-1.web", "value 499"]]));
  });

  test("refuses what nobody waits for, beyond a bound", async () => {
    const { writer, server } = await world();
    server.pause();
    const results = Array.from({ length: 64 * 65 + 1 }, (_unused, n) => writer.write(put(`kiosk-${n}.web`, "x")));
    expect(await results.at(-1)).toMatchObject({ kind: "failed", error: { advice: "retry" } });
    server.resume();
    writer.close();
  });

  test("writes only where the expected revision still stands", async () => {
    const { writer } = await world();
    const first = await writer.write(put("kiosk-1.web", "a", { expectedRevision: 0 }));
    expect(first).toEqual({ kind: "written", revision: 1 });
    expect(await writer.write(put("kiosk-1.web", "b", { expectedRevision: 0 }))).toEqual({ kind: "conflict" });
    expect(await writer.write(put("kiosk-1.web", "b", { expectedRevision: 7 }))).toEqual({ kind: "conflict" });
    expect(await writer.write(put("kiosk-1.web", "b", { expectedRevision: 1 }))).toEqual({
      kind: "written",
      revision: 2,
    });
  });

  test("leaves markers that every client understands, and headers as given", async () => {
    const { writer, client } = await world();
    await writer.write(put("kiosk-1.web", "a", { headers: { "Gitfleet-Fleet": "shop", "Gitfleet-Commit": "abc" } }));
    const stored = await client.api("STREAM.MSG.GET.KV_desired-state", {
      last_by_subj: "$KV.desired-state.kiosk-1.web",
    });
    const { hdrs } = stored["message"] as { hdrs: string };
    expect(Buffer.from(hdrs, "base64").toString()).toBe(
      "NATS/1.0\r\nGitfleet-Fleet: shop\r\nGitfleet-Commit: abc\r\n\r\n",
    );
    await writer.write({ bucket: "desired-state", key: "kiosk-1.web", kind: "delete", expectedRevision: 1 });
    expect(await client.contents("desired-state")).toEqual(new Map());
    await writer.write({ bucket: "desired-state", key: "kiosk-1.web", kind: "purge" });
    const info = await client.api("STREAM.INFO.KV_desired-state");
    expect(info["state"]).toMatchObject({ messages: 1, last_seq: 3 });
  });

  test("refuses a header with a line break and a key that is none", async () => {
    const { writer } = await world();
    const smuggled = await writer.write(put("kiosk-1.web", "a", { headers: { A: "b\r\nNats-Rollup: all" } }));
    expect(smuggled).toMatchObject({ kind: "failed", error: { advice: "person" } });
    expect(await writer.write(put("kiosk-1..web", "a"))).toMatchObject({ kind: "failed", error: { advice: "person" } });
    expect(await writer.write(put("kiosk-1.>", "a"))).toMatchObject({ kind: "failed", error: { advice: "person" } });
  });

  test("fails what is in flight when the connection is lost, and writes again when it is back", async () => {
    const { writer, server, proxy, link } = await world();
    server.pause();
    const lost = writer.write(put("kiosk-1.web", "a"));
    proxy.cut();
    expect(await lost).toMatchObject({ kind: "failed", error: { advice: "retry" } });
    server.resume();
    await link.whenConnected();
    await until("a write arrives", async () => (await writer.write(put("kiosk-2.web", "b"))).kind === "written");
  });

  test("fails at once what is written while there is no connection", async () => {
    const { writer, proxy, link } = await world();
    proxy.shut();
    await until("the loss is noticed", () => !link.connected());
    expect(await writer.write(put("kiosk-1.web", "a"))).toMatchObject({ kind: "failed", error: { advice: "retry" } });
    proxy.open();
  });

  test("fails what is not acknowledged in time", async () => {
    const { writer, server } = await world();
    server.pause();
    const result = await writer.write(put("kiosk-1.web", "a"));
    expect(result).toMatchObject({ kind: "failed", error: { advice: "retry" } });
    server.resume();
    await writer.flush();
  });

  test("says that a bucket is missing, and what a full message limit asks for", async () => {
    const { writer, client } = await world();
    const large = await writer.write({ bucket: "device-state", key: "state.kiosk-1.web", value: "x".repeat(17_000) });
    expect(large).toMatchObject({ kind: "failed", error: { advice: "person", code: 10054 } });
    await client.api("STREAM.DELETE.KV_desired-state");
    expect(await writer.write(put("kiosk-1.web", "a"))).toMatchObject({ kind: "failed", error: { advice: "wait" } });
  });

  test("takes for its acknowledgement only what comes to the number of its write", async () => {
    const { writer, client } = await world();
    await client.api("STREAM.DELETE.KV_desired-state");
    // In the place of the bucket: answers what is meant for nobody first.
    client.connection.subscribe("$KV.desired-state.>", {
      callback: (_error, message) => {
        const inbox = String(message.reply).replace(/[^.]*$/, "");
        const [part, id] = String(message.reply).slice(inbox.length).split("-");
        const strays = [
          `${part}-${id}x`,
          `${part}-`,
          `${part}-${id}0`,
          `-${id}`,
          `x-${id}`,
          `${part}7-${id}`,
          `${part}${id}`,
        ];
        for (const stray of strays)
          client.connection.publish(`${inbox}${stray}`, '{"stream":"KV_desired-state","seq":666}');
        client.connection.publish(String(message.reply), '{"stream":"KV_desired-state","seq":7}');
      },
    });
    await client.connection.flush();
    expect(await writer.write(put("kiosk-1.web", "a"))).toEqual({ kind: "written", revision: 7 });
    expect(await writer.write(put("kiosk-1.web", "b"))).toEqual({ kind: "written", revision: 7 });
  });
});

/** A source of puts that notes what it is asked and told. */
function source(count: number, { stopAfter = count }: { stopAfter?: number } = {}) {
  const told: string[] = [];
  let given = 0;
  return {
    told,
    given: () => given,
    next: (): Write | null => {
      if (given >= Math.min(count, stopAfter)) return null;
      given += 1;
      return put(`kiosk-${given}.web`, `value ${given}`, { expectedRevision: 0 });
    },
    written: (write: Write, revision: number): void => void told.push(`${write.key} ${revision}`),
    refused: (write: Write, result: WriteResult): void => void told.push(`${write.key} ${result.kind}`),
  };
}

describe("a source that is poured", () => {
  test("is asked for a write only when that can be sent at once, and told each answer", async () => {
    const { writer, server } = await world();
    const one = source(1_000);
    server.pause();
    const poured = writer.pour(one);
    await until("the window is full", () => one.given() === 64);
    server.resume();
    await poured;
    await writer.flush();
    expect(one.told).toEqual(Array.from({ length: 1_000 }, (_unused, n) => `kiosk-${n + 1}.web ${n + 1}`));
  });

  test("is asked for more while answers are read, not only when all are", async () => {
    const { client, link } = await world();
    await client.api("STREAM.DELETE.KV_desired-state");
    const replies: string[] = [];
    // In the place of the bucket: answers all at once.
    client.connection.subscribe("$KV.desired-state.>", {
      callback: (_error, message) => void replies.push(String(message.reply)),
    });
    await client.connection.flush();
    const writer = createWriter(link, { window: 64 });
    onTestFinished(() => writer.close());
    const one = source(1_000);
    const givenWhenTold: number[] = [];
    void writer.pour({ ...one, written: () => void givenWhenTold.push(one.given()) });
    await until("the window is full", () => replies.length === 64);
    for (const reply of replies) client.connection.publish(reply, '{"stream":"KV_desired-state","seq":7}');
    await until("all are told", () => givenWhenTold.length === 64);
    expect(givenWhenTold.at(-1)).toBeGreaterThan(64);
  });

  test("is over when it has no more, so that the next one follows before the last answers are there", async () => {
    const { writer, server } = await world();
    server.pause();
    const first = source(10);
    await writer.pour(first);
    const second = source(5);
    await writer.pour(second);
    expect([first.given(), second.given(), first.told]).toEqual([10, 5, []]);
    server.resume();
    await writer.flush();
    expect(first.told).toHaveLength(10);
    expect(second.told).toEqual(Array.from({ length: 5 }, (_unused, n) => `kiosk-${n + 1}.web conflict`));
  });

  test("is told of each write that was in flight when the connection was lost", async () => {
    const { writer, server, proxy } = await world();
    server.pause();
    const one = source(1_000, { stopAfter: 64 });
    const poured = writer.pour(one);
    proxy.cut();
    await poured;
    await until("all are told", () => one.told.length === 64);
    expect(new Set(one.told.map((text) => text.split(" ")[1]))).toEqual(new Set(["failed"]));
    server.resume();
  });

  test("lets single writes pass, since it may be long", async () => {
    const { writer, server } = await world();
    server.pause();
    const one = source(100);
    const poured = writer.pour(one);
    const single = writer.write(put("kiosk-1.web", "single", { expectedRevision: 1 }));
    server.resume();
    expect(await single).toEqual({ kind: "written", revision: 65 });
    await poured;
    await writer.flush();
    expect(one.told.at(-1)).toBe("kiosk-100.web 101");
  });
});

describe("a writer without permission", () => {
  test("says so at once and names the key", async () => {
    const server = await testServer({
      config: `authorization { users: [
        { user: admin, password: a },
        { user: device, password: d, permissions: { publish: ["$KV.device-state.>"], subscribe: ["_INBOX.>"] } }
      ] }`,
    });
    const admin = await testLink({ servers: server.url.replace("//", "//admin:a@") });
    await ensureBuckets(admin, { replicas: 1 });
    const link = await testLink({ servers: server.url.replace("//", "//device:d@") });
    const writer = createWriter(link);
    onTestFinished(() => writer.close());
    const [allowed, refused] = await Promise.all([
      writer.write({ bucket: "device-state", key: "state.kiosk-1.web", value: "a" }),
      writer.write(put("kiosk-1.web", "a")),
    ]);
    expect(allowed.kind).toBe("written");
    expect(refused).toMatchObject({ kind: "failed", error: { advice: "person" } });
    expect(refused.kind === "failed" && refused.error.message).toContain("kiosk-1.web");
  });
});
