/** Random writes under random faults: whatever the order, a feed ends with what the bucket holds and tells nothing twice. */
import { until } from "#sandbox/until.ts";
import {
  BUCKET,
  STREAM,
  consumerNames,
  createBucket,
  expectTruth,
  world,
  type World,
} from "#tests/support/feed-world.ts";
import { describe, expect, test } from "vitest";

const STEPS = 120;
const KEYS = 25;

/** Chance that can be repeated: the seed is in the title of the test. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return Math.abs(state % below);
  };
}

type Step = (world: World, pick: (below: number) => number, n: number) => Promise<unknown>;

const key = (pick: (below: number) => number): string => `kiosk-${pick(KEYS)}.web`;
const put: Step = ({ client }, pick, n) => client.put(BUCKET, key(pick), `step ${n}`);
const del: Step = ({ client }, pick) => client.mark(BUCKET, key(pick), "DEL");
const purge: Step = ({ client }, pick) => client.mark(BUCKET, key(pick), "PURGE");

const FAULTS: Step[] = [
  async ({ proxy }) => proxy.cut(),
  async ({ proxy, mirror }) => {
    proxy.shut();
    await until("the loss is noticed", () => !mirror.feed.synced());
    proxy.open();
  },
  ({ server }) => server.restart(),
  async ({ server }) => {
    await server.kill();
    await server.start();
  },
  async ({ client }) => {
    for (const name of await consumerNames(client).catch(() => [])) {
      await client.api(`CONSUMER.DELETE.${STREAM}.${name}`).catch(() => null);
    }
  },
  async ({ client }) => {
    await until("the bucket is deleted", () => client.api(`STREAM.DELETE.${STREAM}`));
    await createBucket(client);
  },
];

const WRITES: Step[] = [put, put, put, put, put, put, del, purge];

describe.each([
  { seed: 1, restricted: false },
  { seed: 2, restricted: false },
  { seed: 3, restricted: true },
  { seed: 4, restricted: true },
])("with chance $seed (restricted: $restricted)", ({ seed, restricted }) => {
  test("a feed ends with the truth and repeats nothing", async () => {
    const it = await world({ restricted });
    const pick = seeded(seed * 7_919);
    for (let n = 0; n < STEPS; n += 1) {
      const steps = pick(20) === 0 ? FAULTS : WRITES;
      await steps[pick(steps.length)]?.(it, pick, n);
    }
    await expectTruth(it);
    expect(it.mirror.broken).toEqual([]);
  });
});
