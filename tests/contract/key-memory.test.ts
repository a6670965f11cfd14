/** A picture that is the memory of its feeds remembers what a map of keys would. */
import { array, assert, constantFrom, integer, oneof, property, record } from "fast-check";
import { expect, test } from "vitest";
import type { FeedMemory } from "#nats/feed-memory.ts";
import { KnownKeys } from "#nats/known-keys.ts";
import type { BucketName } from "#schema/keys.ts";
import { LiveFleet, type KeyChange } from "#fleet/live-fleet.ts";

type Step =
  | { readonly kind: "message"; readonly key: string; readonly atUs: number; readonly marker: boolean }
  | { readonly kind: "begin" | "end" };

/** More than there will be: an estimate is no promise. */
const KEYS_EXPECTED = 1_000;
const VALUE = new TextEncoder().encode("{}");

function steps(...keys: readonly string[]) {
  const message = record({
    kind: constantFrom("message" as const),
    key: constantFrom(...keys),
    atUs: integer({ min: 1, max: 6 }),
    marker: constantFrom(true, false),
  });
  const replay = record({ kind: constantFrom("begin" as const, "end" as const) });
  return array(oneof({ weight: 5, arbitrary: message }, { weight: 1, arbitrary: replay }), { maxLength: 60 });
}

const KEYS: Readonly<Partial<Record<BucketName, readonly string[]>>> = {
  "desired-state": ["k-1.web", "k-1.api", "k-2.web", "not-a-key", "K!.web"],
  "device-state": ["state.k-1.web", "state.k-2.web", "state.k-2.api", "k-1.web", "state.x"],
  "device-info": ["info.k-1", "info.k-2", "info.K!", "x"],
  "device-heartbeat": ["heartbeat.k-1", "heartbeat.k-2", "other"],
};

/** What a memory answers to one step, and how much it knows then. */
function tell(memory: FeedMemory, step: Step, changed: (change: KeyChange) => void = () => {}): unknown {
  const counts = (): unknown => [memory.size, memory.puts, memory.replaying];
  switch (step.kind) {
    case "begin":
      memory.beginReplay(KEYS_EXPECTED);
      return counts();
    case "end": {
      const gone = memory.endReplay().toSorted();
      for (const key of gone) changed({ kind: "absent", key });
      return [gone, counts()];
    }
    case "message": {
      const { key, atUs, marker } = step;
      const isNews = memory.observe(key, { atUs, marker });
      const put = { kind: "put", key, value: VALUE, atMs: atUs, headers: () => undefined } as const;
      if (isNews) changed(marker ? { kind: "delete", key } : put);
      return [isNews, counts()];
    }
  }
}

test.each(Object.entries(KEYS))("the keys of %s are remembered as a map of them would", (bucket, keys) => {
  assert(
    property(steps(...keys), (told: readonly Step[]) => {
      const fleet = new LiveFleet();
      const memory = fleet.memoryOf(bucket as BucketName) ?? new KnownKeys();
      const oracle = new KnownKeys();
      const said: unknown[] = [];
      const expected: unknown[] = [];
      for (const step of told) {
        said.push(tell(memory, step, (change) => fleet.apply(bucket as BucketName, change)));
        expected.push(tell(oracle, step));
      }
      expect(said).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});
