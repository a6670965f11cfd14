/** Word that a bucket was made anew: soon after a return, by name, and only where it may be heard. */
import { onBucketCreated } from "#nats/bucket-news.ts";
import { until } from "#sandbox/until.ts";
import { createBucket, STREAM } from "#tests/support/feed-world.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { expect, test } from "vitest";

async function recreated(client: Awaited<ReturnType<typeof testClient>>): Promise<void> {
  await client.api(`STREAM.DELETE.${STREAM}`).catch(() => undefined);
  await createBucket(client);
}

test("a bucket that is created is heard of, also after the server was away, until nobody wants to hear more", async () => {
  const server = await testServer();
  const client = await testClient(server.url);
  const link = await testLink({ servers: server.url });
  const heard: string[] = [];
  const stop = onBucketCreated(link, ["desired-state"], (bucket) => void heard.push(bucket), { afterReturnMs: 50 });
  await link.connection.flush();
  await createBucket(client);
  await until("it is heard of", () => heard.length === 1);
  await server.restart();
  await link.whenConnected();
  await until("it is heard of again", async () => {
    await recreated(client);
    return heard.length > 1;
  });
  stop();
  const before = heard.length;
  await recreated(client);
  await link.connection.flush();
  expect(heard.length).toBe(before);
  expect(new Set(heard)).toEqual(new Set(["desired-state"]));
});

test("nothing is asked of a server where the user has an inbox of its own", async () => {
  const server = await testServer();
  const link = await testLink({ servers: server.url, inboxPrefix: "_INBOX.kiosk-1" });
  const client = await testClient(server.url);
  const heard: string[] = [];
  onBucketCreated(link, ["desired-state"], (bucket) => void heard.push(bucket));
  await link.connection.flush();
  await createBucket(client);
  await link.connection.flush();
  expect(heard).toEqual([]);
});
