/** A question that a busy server answers late: asked again, answered once. */
import type { Msg } from "@nats-io/transport-node";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { FeedConsumer } from "#nats/feed-consumer.ts";
import { patientRequest } from "#nats/patient-request.ts";
import { until } from "#sandbox/until.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";

const ASK_AGAIN_MS = 20;
const never = new AbortController().signal;

/** Somebody who stands in for the server: gets the questions, and answers when the test says so. */
async function asked() {
  const server = await testServer();
  const link = await testLink({ servers: [server.url], apiPrefix: "late.API" });
  const client = await testClient(server.url);
  const questions: Msg[] = [];
  client.connection.subscribe("late.API.ANYTHING", { callback: (_error, message) => void questions.push(message) });
  await client.connection.flush();
  return { link, questions };
}

describe("a patient request", () => {
  test("takes the answer to what it asked first, though it has asked again", async () => {
    const { link, questions } = await asked();
    const answer = patientRequest(link, { subject: "ANYTHING", doing: "try", signal: never }, ASK_AGAIN_MS);
    await until("it is asked again", () => questions.length >= 3);
    questions[0]?.respond(JSON.stringify({ which: "the first" }));
    expect(await answer).toEqual({ which: "the first" });
  });

  test("asks after longer and longer pauses, and no more once it is given up", async () => {
    const { link } = await asked();
    const questions = vi.spyOn(link.connection, "request").mockReturnValue(new Promise<Msg>(() => undefined));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const giveUp = new AbortController();
    const answer = patientRequest(link, { subject: "ANYTHING", doing: "try", signal: giveUp.signal }, 1_000);
    // Pauses of 1, 2, 4 and 8 s, each a quarter more or less.
    vi.advanceTimersByTime(1_250 + 2_500 + 5_000);
    expect([4, 5]).toContain(questions.mock.calls.length);
    giveUp.abort();
    await expect(answer).rejects.toThrow("could not try");
    const before = questions.mock.calls.length;
    vi.advanceTimersByTime(60_000);
    expect(questions.mock.calls.length).toBe(before);
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
  const questions = vi.spyOn(link.connection, "request");
  consumer.listen();
  server.pause();
  const created = consumer.create();
  await until("it is asked again", () => questions.mock.calls.length >= 3);
  server.resume();
  await created;
  await client.put("desired-state", "kiosk-1.web", "[]");
  await until("the change is heard", () => heard.length >= 2);
  expect(heard).toEqual(["$KV.desired-state.kiosk-1.web", "$KV.desired-state.kiosk-1.web"]);
  const names = await client.api("CONSUMER.NAMES.KV_desired-state");
  expect(names).toMatchObject({ total: 1 });
  consumer.close();
});
