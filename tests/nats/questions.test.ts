/** Questions to a server that is busy, silent, or gone. */
import { Socket } from "node:net";
import type { Msg } from "@nats-io/transport-node";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { FeedConsumer } from "#nats/feed-consumer.ts";
import { Packet } from "#nats/packet.ts";
import { apiRequest } from "#nats/request.ts";
import { until } from "#sandbox/until.ts";
import { denyingServer } from "#tests/support/denied-user.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";

const ASK_AGAIN_MS = 20;
const QUESTION = { subject: "ANYTHING", doing: "try" };
const never = new AbortController().signal;

/** Somebody who stands in for the server: gets the questions, and answers when the test says so. */
async function asked() {
  const server = await testServer();
  const link = await testLink({ servers: [server.url], apiPrefix: "late.API" });
  const client = await testClient(server.url);
  const questions: Msg[] = [];
  client.connection.subscribe("late.API.ANYTHING", { callback: (_error, message) => void questions.push(message) });
  await client.connection.flush();
  return { server, link, questions };
}

describe("a question", () => {
  test("is answered by the answer to what was asked first, though it was asked again", async () => {
    const { link, questions } = await asked();
    const answer = apiRequest(link, { ...QUESTION, askAgainMs: ASK_AGAIN_MS });
    await until("it is asked again", () => questions.length >= 3);
    questions[0]?.respond(JSON.stringify({ which: "the first" }));
    expect(await answer).toEqual({ which: "the first" });
  });

  test("is asked again after longer and longer pauses, and no more once it is given up", async () => {
    const { link } = await asked();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const sent = vi.spyOn(Packet.prototype, "add");
    onTestFinished(() => sent.mockRestore());
    const giveUp = new AbortController();
    const request = { ...QUESTION, timeoutMs: 300_000, askAgainMs: 1_000, signal: giveUp.signal };
    const answer = apiRequest(link, request);
    // Pauses of 1, 2, 4 and 8 s, each a quarter more or less.
    await vi.advanceTimersByTimeAsync(1_250 + 2_500 + 5_000);
    expect([4, 5]).toContain(sent.mock.calls.length);
    giveUp.abort();
    await expect(answer).rejects.toThrow("could not try");
    const before = sent.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.mock.calls.length).toBe(before);
  });

  test("is given up when its time is over, and nobody looks at what comes then", async () => {
    const { link, questions } = await asked();
    await expect(apiRequest(link, { ...QUESTION, timeoutMs: 50 })).rejects.toThrow("could not try: no answer in time");
    const next = apiRequest(link, QUESTION);
    await until("both were asked", () => questions.length === 2);
    questions[0]?.respond(JSON.stringify({ which: "the first" }));
    questions[1]?.respond(JSON.stringify({ which: "the second" }));
    expect(await next).toEqual({ which: "the second" });
  });

  test("that nobody answers says so at once", async () => {
    const { link } = await asked();
    await expect(apiRequest(link, { ...QUESTION, subject: "NOTHING" })).rejects.toMatchObject({ advice: "wait" });
  });

  test("ends with the connection, and can be asked again on the next", async () => {
    const { server, link, questions } = await asked();
    const lost = apiRequest(link, QUESTION);
    lost.catch(() => undefined);
    await until("it is asked", () => questions.length === 1);
    await server.restart();
    await expect(lost).rejects.toThrow("not connected");
    await link.whenConnected();
    await expect(apiRequest(link, { ...QUESTION, subject: "NOTHING" })).rejects.toMatchObject({ advice: "wait" });
  });

  test("goes together with what else is asked in the same moment", async () => {
    const { link, questions } = await asked();
    await link.connection.flush();
    const written = vi.spyOn(Socket.prototype, "write");
    const answers = [0, 4, 8].map(async (stepsBefore) => {
      // As who is told of the same event, and has come to it by other ways.
      for (let step = 0; step < stepsBefore; step += 1) await Promise.resolve();
      return await apiRequest(link, QUESTION);
    });
    await until("all are asked", () => questions.length === 3);
    const packets = written.mock.calls.filter(([bytes]) =>
      Buffer.from(bytes as Uint8Array)
        .toString()
        .includes("PUB late.API.ANYTHING"),
    );
    written.mockRestore();
    expect(packets).toHaveLength(1);
    for (const question of questions) question.respond("{}");
    expect(await Promise.all(answers)).toEqual([{}, {}, {}]);
  });
});

test("a question that the user may not ask is refused at once", async () => {
  const { deniedUrl } = await denyingServer("$JS.API.STREAM.>");
  const link = await testLink({ servers: [deniedUrl] });
  await expect(apiRequest(link, { subject: "STREAM.INFO.KV_fleet", doing: "look" })).rejects.toMatchObject({
    advice: "person",
    message: expect.stringContaining("may not use $JS.API.STREAM.INFO.KV_fleet") as unknown,
  });
});

test("a consumer that a standing server was asked for again and again is one, and delivers each message once", async () => {
  const server = await testServer();
  const link = await testLink({ servers: [server.url] });
  await ensureBuckets(link, { replicas: 1 });
  const client = await testClient(server.url);
  await client.put("desired-state", "kiosk-1.web", "{}");
  const heard: string[] = [];
  const consumer = new FeedConsumer(
    link,
    {
      bucket: "desired-state",
      filterSubject: "$KV.desired-state.kiosk-1.>",
      from: { deliver_policy: "last_per_subject" },
      idleHeartbeatMs: 60_000,
      askAgainMs: ASK_AGAIN_MS,
      signal: never,
    },
    { message: (message) => heard.push(message.subject), idle: () => {}, lost: (reason) => heard.push(reason) },
  );
  const sent = vi.spyOn(link.connection, "publish");
  consumer.listen();
  server.pause();
  const created = consumer.create();
  await until("it is asked again", () => sent.mock.calls.length >= 3);
  server.resume();
  await created;
  await client.put("desired-state", "kiosk-1.web", "[]");
  await until("the change is heard", () => heard.length >= 2);
  expect(heard).toEqual(["$KV.desired-state.kiosk-1.web", "$KV.desired-state.kiosk-1.web"]);
  const names = await client.api("CONSUMER.NAMES.KV_desired-state");
  expect(names).toMatchObject({ total: 1 });
  consumer.close();
});
