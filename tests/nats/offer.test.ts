/** Offers: written where the bucket does not say the same, at the cost of a look where it does. */
import { errors } from "@nats-io/transport-node";
import { describe, expect, test, vi } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { Offerer } from "#nats/offer.ts";
import type { Asker, Question } from "#nats/questions.ts";
import { createWriter } from "#nats/writer.ts";
import { denyingServer } from "#tests/support/denied-user.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";

const KEY = "state.kiosk-1.web";
const target = { bucket: "device-state", key: KEY, value: "ours" } as const;

/** A server that says nothing until the question is given up. */
function neverAnswered(_question: Question, asker: Asker): void {
  asker.failed(new errors.TimeoutError());
}

async function offering() {
  const server = await testServer();
  const link = await testLink({ servers: [server.url] });
  await ensureBuckets(link, { replicas: 1 });
  const client = await testClient(server.url);
  const sent: string[] = [];
  client.connection.subscribe("$KV.device-state.>", { callback: (_error, message) => void sent.push(message.subject) });
  await client.connection.flush();
  const offerer = new Offerer(link, createWriter(link));
  return { link, client, sent, offerer };
}

describe("an offer", () => {
  test("is written where there is nothing", async () => {
    const { client, offerer } = await offering();
    expect(await offerer.offer(target)).toEqual({ kind: "lacked", marker: false });
    expect((await client.contents("device-state")).get(KEY)).toBe("ours");
  });

  test("is not even sent where the bucket says the same, if at another time", async () => {
    const { client, offerer, sent } = await offering();
    const said = (at: string): string => JSON.stringify({ phase: "Running", last_event_at: at });
    const earlier = said("2026-04-22T17:42:42Z");
    await client.put("device-state", KEY, earlier);
    expect(await offerer.offer({ ...target, value: said("2026-04-22T17:42:43Z") })).toEqual({ kind: "held" });
    await client.connection.flush();
    expect(sent).toHaveLength(1);
    expect((await client.contents("device-state")).get(KEY)).toBe(earlier);
  });

  test("takes the place of what says something else", async () => {
    const { client, offerer } = await offering();
    await client.put("device-state", KEY, "theirs");
    expect(await offerer.offer(target)).toEqual({ kind: "corrected" });
    expect((await client.contents("device-state")).get(KEY)).toBe("ours");
  });

  test("takes the place of a marker", async () => {
    const { client, offerer } = await offering();
    await client.mark("device-state", KEY, "DEL");
    expect(await offerer.offer(target)).toEqual({ kind: "lacked", marker: true });
    expect((await client.contents("device-state")).get(KEY)).toBe("ours");
  });

  test("that is not answered in time is made again, and looks again: the device may look all the same", async () => {
    const { link, client, offerer } = await offering();
    await client.put("device-state", KEY, "ours");
    vi.spyOn(link.questions, "put").mockImplementationOnce(neverAnswered);
    expect(await offerer.offer(target)).toMatchObject({ kind: "failed", error: { advice: "retry" } });
    expect(await offerer.offer(target)).toEqual({ kind: "held" });
  });

  test("is the write alone in the end where looks are never answered", async () => {
    const { link, client, offerer } = await offering();
    await client.put("device-state", KEY, "ours");
    const looks = vi.spyOn(link.questions, "put").mockImplementation(neverAnswered);
    const kinds: string[] = [];
    for (let index = 0; index < 3; index += 1) kinds.push((await offerer.offer(target)).kind);
    expect(kinds).toEqual(["failed", "unseen", "unseen"]);
    expect(looks).toHaveBeenCalledTimes(2);
  });

  test("works by the write alone where the device may not look", async () => {
    const { allowedUrl, deniedUrl } = await denyingServer("$JS.API.DIRECT.GET.KV_device-state.>");
    const everything = await testLink({ servers: [allowedUrl] });
    await ensureBuckets(everything, { replicas: 1 });
    const link = await testLink({ servers: [deniedUrl] });
    const offerer = new Offerer(link, createWriter(link));
    expect(await offerer.offer(target)).toEqual({ kind: "lacked", marker: false });
    expect(await offerer.offer({ ...target, value: "again" })).toEqual({ kind: "unseen" });
  });
});
