import { anything, assert, constantFrom, integer, oneof, property, record, string } from "fast-check";
import { expect, test } from "vitest";
import type { DevicePair } from "./keys.ts";
import { plainDeploymentState } from "./plain-state.ts";
import { deploymentStateSchema, type DeploymentState } from "./wire.ts";

const PAIR = { device: "k-1", deployment: "web" } as DevicePair;
const DIGEST = `sha256:${"a".repeat(64)}`;
const GOOD: DeploymentState = deploymentStateSchema.parse({
  device_id: "k-1",
  deployment: "web",
  phase: "Running",
  last_event_at: "2026-04-22T17:42:42Z",
  last_error: null,
  desired_digest: DIGEST,
});

/** What `JSON.parse` and the schema say of a text. */
function judged(text: string): DeploymentState | null {
  try {
    return deploymentStateSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Mostly right, often wrong in one place. */
function mostly(...right: readonly unknown[]) {
  return oneof({ weight: 8, arbitrary: constantFrom(...right) }, { weight: 1, arbitrary: anything() });
}

test("the states that an agent writes are recognised", () => {
  const { desired_digest: _about, ...bare } = GOOD;
  for (const state of [GOOD, bare, { ...GOOD, phase: "Pending" }, { ...GOOD, last_event_at: "2026-04-22T17:42:43Z" }]) {
    expect(plainDeploymentState(JSON.stringify(state), PAIR)).toEqual(state);
    expect(plainDeploymentState(JSON.stringify(state), PAIR, DIGEST)).toEqual(state);
  }
});

test("what is recognised is what the schema gives, whatever is said", () => {
  const payload = record(
    {
      device_id: mostly("k-1", "k-2"),
      deployment: mostly("web", "api"),
      phase: mostly("Running", "Pending", "Failed", "running"),
      last_event_at: mostly("2026-04-22T17:42:42Z", "2026-04-22T19:42:42.5+02:00", "2026-02-30T00:00:00Z", "yesterday"),
      last_error: mostly(null, "boom"),
      desired_digest: mostly(DIGEST, DIGEST.toUpperCase(), null),
      more: anything(),
    },
    { requiredKeys: [] },
  );
  assert(
    property(payload, (given) => {
      const text = JSON.stringify(given);
      const plain = plainDeploymentState(text, PAIR, DIGEST);
      expect(plain ?? judged(text)).toEqual(judged(text));
    }),
    { numRuns: 2_000 },
  );
});

test("what is recognised is what the schema gives, whatever happened to the text", () => {
  const text = JSON.stringify(GOOD);
  assert(
    property(
      integer({ min: 0, max: text.length }),
      integer({ min: 0, max: 3 }),
      string({ maxLength: 3 }),
      (at, cut, more) => {
        const damaged = text.slice(0, at) + more + text.slice(at + cut);
        const plain = plainDeploymentState(damaged, PAIR, DIGEST);
        expect(plain ?? judged(damaged)).toEqual(judged(damaged));
      },
    ),
    { numRuns: 5_000 },
  );
});

test("a name that JSON would write otherwise is left to the schema", () => {
  const odd = 'a"b';
  const text = `{"device_id":"k-1","deployment":"${odd}","phase":"Running","last_event_at":"${GOOD.last_event_at}","last_error":null}`;
  expect(plainDeploymentState(text, { ...PAIR, deployment: odd as DevicePair["deployment"] })).toBeNull();
});
