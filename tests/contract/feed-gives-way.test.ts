/** While a flood comes in, everything else in the program has its turn, held against a real server. */
import { createHash } from "node:crypto";
import { ensureBuckets } from "#nats/buckets.ts";
import { startFeed } from "#nats/feed.ts";
import { until } from "#sandbox/until.ts";
import { storedKeys } from "#tests/support/feed-world.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { expect, onTestFinished, test } from "vitest";

const BUCKET = "desired-state";
const KEYS = 8_000;
const VALUE = "v".repeat(1_024);
/** So many of these changes make up to half a megabyte; a socket hands over four times as much in one go. */
const CHANGES_IN_A_ROW_MAX = 700;
/** Makes the reader slower than the server, so that much waits. */
const HASHES_A_CHANGE = 20;

test("a feed tells only so many changes in a row", async () => {
  const server = await testServer();
  const client = await testClient(server.url);
  const link = await testLink({ servers: server.url });
  await ensureBuckets(link, { replicas: 1 });
  for (let n = 0; n < KEYS; n += 1) client.connection.publish(`$KV.${BUCKET}.kiosk-${n}.web`, VALUE);
  await client.connection.flush();
  // The server takes what is published before it has stored it.
  await until("all keys are stored", async () => (await storedKeys(client)) === KEYS);
  let inARow = 0;
  let mostInARow = 0;
  let told = 0;
  const turn = (): void => {
    mostInARow = Math.max(mostInARow, inARow);
    inARow = 0;
    if (told < KEYS) setImmediate(turn);
  };
  const feed = startFeed(
    link,
    { bucket: BUCKET },
    {
      change(change) {
        told += 1;
        inARow += 1;
        for (let n = 0; n < HASHES_A_CHANGE && change.kind === "put"; n += 1) {
          createHash("sha256").update(change.value).digest();
        }
      },
      synced: () => {},
      unsynced: () => {},
    },
  );
  onTestFinished(() => feed.stop());
  setImmediate(turn);
  await until("all has been told", () => feed.synced() && inARow === 0);
  expect(told).toBe(KEYS);
  expect(mostInARow).toBeGreaterThan(0);
  expect(mostInARow).toBeLessThanOrEqual(CHANGES_IN_A_ROW_MAX);
});
