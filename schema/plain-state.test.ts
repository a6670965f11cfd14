import { anything, assert, constantFrom, oneof, property, record } from "fast-check";
import { expect, test } from "vitest";
import type { DevicePair } from "./keys.ts";
import { plainDeploymentState } from "./plain-state.ts";
import { deploymentStateSchema } from "./wire.ts";

const PAIR = { device: "k-1", deployment: "web" } as DevicePair;
const GOOD = "2026-04-22T17:42:42Z";

/** Mostly right, often wrong in one place. */
function mostly(...right: readonly unknown[]) {
  return oneof({ weight: 8, arbitrary: constantFrom(...right) }, { weight: 1, arbitrary: anything() });
}

test("a state that is recognised is what its schema gives, and no other payload is recognised", () => {
  const payload = record(
    {
      device_id: mostly("k-1", "k-2"),
      deployment: mostly("web", "api"),
      phase: mostly("Running", "Pending", "Failed", "running"),
      last_event_at: mostly(GOOD, "2026-04-22T19:42:42.5+02:00", "2026-02-30T00:00:00Z", "yesterday"),
      last_error: mostly(null, undefined, "boom"),
      desired_digest: mostly(`sha256:${"a".repeat(64)}`, `sha256:${"A".repeat(64)}`, undefined, null),
      more: anything(),
    },
    { requiredKeys: [] },
  );
  assert(
    property(oneof({ weight: 9, arbitrary: payload }, { weight: 1, arbitrary: anything() }), (given) => {
      const plain = plainDeploymentState(given, PAIR);
      const judged = deploymentStateSchema.safeParse(given);
      const isOwn = judged.data?.device_id === PAIR.device && judged.data.deployment === PAIR.deployment;
      expect(plain).toEqual(isOwn && judged.data?.last_error === null ? judged.data : null);
    }),
    { numRuns: 3_000 },
  );
});
