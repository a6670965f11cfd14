import { array, assert, boolean, constantFrom, oneof, option, property, record, shuffledSubarray } from "fast-check";
import { describe, expect, test } from "vitest";
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState } from "#schema/wire.ts";
import { Aggregator } from "./aggregate.ts";
import { recomputeAggregates, type FleetFacts } from "./recompute-aggregates.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;
const AT = "2026-04-22T17:42:42Z";

function pair(device: string, deployment = "web"): DevicePair {
  return { device: device as DeviceId, deployment: deployment as DeploymentName };
}

function state(device: string, phase: DeploymentState["phase"], more: Partial<DeploymentState> = {}): DeploymentState {
  return {
    device_id: device as DeviceId,
    deployment: "web" as DeploymentName,
    phase,
    last_event_at: AT,
    last_error: null,
    desired_digest: A,
    ...more,
  };
}

function aggregator(...events: ((fold: Aggregator) => void)[]): Aggregator {
  const fold = new Aggregator();
  for (const event of events) event(fold);
  return fold;
}

const web = "web" as DeploymentName;

describe("an aggregate", () => {
  test("counts a matched device by its phase, and as pending where it has said nothing", () => {
    const fold = aggregator(
      (f) => ["k1", "k2", "k3", "k4"].forEach((name) => f.setDesired(pair(name), A)),
      (f) => f.setState(pair("k1"), state("k1", "Running")),
      (f) => f.setState(pair("k2"), state("k2", "Failed", { last_error: "pull docker.io/x: unauthorized" })),
      (f) => f.setState(pair("k3"), state("k3", "Pending")),
    );
    expect(fold.of(web)).toEqual({
      matched: 4,
      succeeded: 1,
      failed: 1,
      pending: 2,
      offline: 0,
      paused: 0,
      unverified: 0,
      last_error: { device_id: "k2", message: "pull docker.io/x: unauthorized", at: AT },
    });
  });

  test("holds a state about another value for pending", () => {
    const fold = aggregator(
      (f) => f.setDesired(pair("k1"), B),
      (f) => f.setState(pair("k1"), state("k1", "Running")),
    );
    expect(fold.of(web)).toMatchObject({ matched: 1, succeeded: 0, pending: 1, last_error: null });
  });

  test("counts a state that names no value, and says that it is unverified", () => {
    const { desired_digest: _left, ...bare } = state("k1", "Running");
    const fold = aggregator(
      (f) => f.setDesired(pair("k1"), B),
      (f) => f.setState(pair("k1"), bare),
    );
    expect(fold.of(web)).toMatchObject({ succeeded: 1, unverified: 1 });
  });

  test("keeps the phase of an offline device and leaves out a paused one", () => {
    const fold = aggregator(
      (f) => ["k1", "k2"].forEach((name) => f.setDesired(pair(name), A)),
      (f) => f.setState(pair("k1"), state("k1", "Running")),
      (f) => f.setOffline("k1" as DeviceId, true),
      (f) => f.setPaused("k2" as DeviceId, true),
    );
    expect(fold.of(web)).toMatchObject({ matched: 1, succeeded: 1, offline: 1, paused: 1 });
  });

  test("forgets states of devices that are no longer matched", () => {
    const fold = aggregator(
      (f) => f.setDesired(pair("k1"), A),
      (f) => f.setState(pair("k1"), state("k1", "Failed", { last_error: "x" })),
      (f) => f.setDesired(pair("k1"), null),
    );
    expect(fold.of(web)).toMatchObject({ matched: 0, failed: 0, last_error: null });
    expect(fold.deployments()).toEqual([]);
  });

  test("shows the newest failure, by time and then by the lower id", () => {
    const fold = aggregator(
      (f) => ["k1", "k2", "k3"].forEach((name) => f.setDesired(pair(name), A)),
      (f) =>
        f.setState(
          pair("k3"),
          state("k3", "Failed", { last_error: "three", last_event_at: "2026-04-22T19:42:43.9+02:00" }),
        ),
      (f) =>
        f.setState(pair("k2"), state("k2", "Failed", { last_error: "two", last_event_at: "2026-04-22T17:42:43.9Z" })),
      (f) => f.setState(pair("k1"), state("k1", "Failed", { last_error: "one" })),
    );
    expect(fold.of(web).last_error).toEqual({ device_id: "k2", message: "two", at: "2026-04-22T17:42:43Z" });
  });

  test("names the devices in trouble, bounded, with how many there are", () => {
    const fold = aggregator((f) => ["k3", "k1", "k2"].forEach((name) => f.setDesired(pair(name), A)));
    fold.setState(pair("k2"), state("k2", "Failed", { last_error: "no space" }));
    expect(fold.troubled(web, 1)).toEqual({
      failed: [{ device: "k2", offline: false, error: "no space", at: AT }],
      failedTotal: 1,
      pending: [{ device: "k1", offline: false, error: null, at: null }],
      pendingTotal: 2,
    });
  });
});

/** One thing that a reader learns. */
type Fact =
  | { readonly kind: "desired"; readonly pair: DevicePair; readonly digest: string | null }
  | { readonly kind: "state"; readonly pair: DevicePair; readonly state: DeploymentState | null }
  | { readonly kind: "offline" | "paused"; readonly device: DeviceId; readonly is: boolean };

const device = constantFrom("k1", "k2", "k3").map((name) => name as DeviceId);
const anyPair = record({ device, deployment: constantFrom("web", "api").map((name) => name as DeploymentName) });
const digest = constantFrom(A, B);
const anyState = record({
  phase: constantFrom("Pending" as const, "Running" as const, "Failed" as const),
  last_event_at: constantFrom(AT, "2026-04-22T17:42:43Z", "2026-04-22T19:42:42+02:00"),
  last_error: option(constantFrom("one", "two")),
  desired_digest: option(digest, { nil: undefined }),
});
const fact = oneof(
  record({ kind: constantFrom("desired" as const), pair: anyPair, digest: option(digest) }),
  record({ kind: constantFrom("state" as const), pair: anyPair, told: option(anyState) }).map(
    ({ kind, pair: key, told }): Fact => {
      if (told === null) return { kind, pair: key, state: null };
      const { desired_digest: about, ...rest } = told;
      const known = { device_id: key.device, deployment: key.deployment, ...rest };
      return { kind, pair: key, state: about === undefined ? known : { ...known, desired_digest: about } };
    },
  ),
  record({ kind: constantFrom("offline" as const, "paused" as const), device, is: boolean() }),
);

function tell(fold: Aggregator, one: Fact): void {
  switch (one.kind) {
    case "desired":
      return fold.setDesired(one.pair, one.digest);
    case "state":
      return fold.setState(one.pair, one.state);
    case "offline":
      return fold.setOffline(one.device, one.is);
    case "paused":
      return fold.setPaused(one.device, one.is);
  }
}

/** What a fact is about: the last fact about a thing is the one that holds. */
function subject(one: Fact): string {
  return "pair" in one ? `${one.kind} ${one.pair.device}.${one.pair.deployment}` : `${one.kind} ${one.device}`;
}

function factsOf(told: readonly Fact[]): FleetFacts {
  const last = [...new Map(told.map((one) => [subject(one), one])).values()];
  return {
    desired: last.flatMap((one) =>
      one.kind === "desired" && one.digest !== null ? [{ ...one.pair, digest: one.digest }] : [],
    ),
    states: last.flatMap((one) => (one.kind === "state" && one.state !== null ? [one.state] : [])),
    offline: new Set(last.flatMap((one) => (one.kind === "offline" && one.is ? [one.device] : []))),
    paused: new Set(last.flatMap((one) => (one.kind === "paused" && one.is ? [one.device] : []))),
  };
}

describe("aggregates that are kept as events come", () => {
  test("equal those worked out from scratch", () => {
    assert(
      property(array(fact, { maxLength: 40 }), (told) => {
        const fold = new Aggregator();
        for (const one of told) tell(fold, one);
        const scratch = recomputeAggregates(factsOf(told));
        expect(fold.deployments()).toEqual([...scratch.keys()]);
        const named = told.flatMap((one) => ("pair" in one ? [one.pair.deployment] : []));
        expect(named.filter((name) => fold.isWanted(name))).toEqual(named.filter((name) => scratch.has(name)));
        for (const [name, aggregate] of scratch) {
          expect(fold.of(name)).toEqual(aggregate);
          expect(aggregate.matched).toBe(aggregate.succeeded + aggregate.failed + aggregate.pending);
          const { failedTotal, pendingTotal } = fold.troubled(name, 0);
          expect([failedTotal, pendingTotal]).toEqual([aggregate.failed, aggregate.pending]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("come out the same in whatever order the last facts came", () => {
    assert(
      property(
        array(fact, { maxLength: 25 }).chain((told) => {
          const last = [...new Map(told.map((one) => [subject(one), one])).values()];
          return shuffledSubarray(last, { minLength: last.length }).map((shuffled) => ({ last, shuffled }));
        }),
        ({ last, shuffled }) => {
          const [one, other] = [new Aggregator(), new Aggregator()];
          for (const each of last) tell(one, each);
          for (const each of [...shuffled, ...shuffled]) tell(other, each);
          expect(other.deployments()).toEqual(one.deployments());
          for (const name of one.deployments()) expect(other.of(name)).toEqual(one.of(name));
        },
      ),
      { numRuns: 500 },
    );
  });
});
