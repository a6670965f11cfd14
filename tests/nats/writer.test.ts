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
