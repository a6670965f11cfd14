/** Counts that are kept key by key, and by what commits have in common, held against counting everything anew. */
import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  subarray,
  type Arbitrary,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { desiredState } from "#fleet/desired.ts";
import { FleetReader } from "#fleet/read.ts";
import { desiredKey, parseDesiredKey } from "#schema/keys.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { KEY_ACTIONS, type KeyAction } from "./open-counts.ts";
import { observe } from "./observe.ts";
import { readingOf } from "./simulated-world.ts";
import { initialState, targetOf, targets, type State } from "./state.ts";
import type { Target } from "./target.ts";

const DEVICES = Array.from({ length: 6 }, (_, at) => `d${at}`);
const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";

/** A repository: `own` says its device's name, so that each device has its own value. */
const files = record({
  devices: subarray(DEVICES, { minLength: 1 }),
  pausedDevice: oneof({ weight: 3, arbitrary: constant("") }, { weight: 1, arbitrary: constantFrom(...DEVICES) }),
  isPaused: oneof({ weight: 9, arbitrary: constant(false) }, { weight: 1, arbitrary: constant(true) }),
  label: constantFrom("a", "b"),
  web: integer({ min: 1, max: 3 }),
  own: constantFrom("${device.id}", "${device.labels.l}", "same"),
}).map(({ devices, pausedDevice, isPaused, label, web, own }): Record<string, string> => {
  const device = (id: string): string =>
    `${HEAD}kind: Device\nmetadata: {name: ${id}, labels: {l: ${label}}}\nspec: {paused: ${id === pausedDevice}}\n`;
  const deployment = (name: string, image: string): string =>
    `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec: {targetSelector: {}, score: {type: PodmanV0, data: {services: [{name: main, image: "example.org/y:1", env: [{name: A, value: "${image}"}]}]}}}\n`;
  return {
    "fleet.yaml": `${HEAD}kind: Fleet\nmetadata: {name: test}\nspec: {paused: ${isPaused}}\n`,
    ...Object.fromEntries(devices.map((id) => [`devices/${id}.yaml`, device(id)])),
    "deployments/web.yaml": deployment("web", `v${web}`),
    "deployments/own.yaml": deployment("own", own),
  };
});

const key = constantFrom(...DEVICES.flatMap((id) => [`${id}.web`, `${id}.own`, `${id}.old`]), "stray");

const event = oneof(
  { weight: 2, arbitrary: record({ kind: constant("commit" as const), files, isOtherReader: boolean() }) },
  { weight: 6, arbitrary: record({ kind: constant("put" as const), key, isWanted: boolean() }) },
  { weight: 3, arbitrary: record({ kind: constant("marker" as const), key }) },
  { weight: 1, arbitrary: record({ kind: constant("absent" as const), key }) },
  {
    weight: 3,
    arbitrary: record({ kind: constant("state" as const), key, now: constantFrom("put", "marker", "absent") }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: constant("forgotten" as const),
      bucket: constantFrom("desired-state" as const, "device-state" as const),
    }),
  },
);

/** What the buckets hold, by keys. */
interface Buckets {
  readonly values: Map<string, number>;
  readonly markers: Set<string>;
  /** Of all keys with a state or a marker where one was: whether there is one. */
  readonly states: Map<string, boolean>;
}

/** What has to be done to a key, worked out from texts and names alone. */
function naiveAction({ values, markers, states }: Buckets, { desired, fleet }: Target, name: string): KeyAction | null {
  const held = values.get(name);
  const pair = parseDesiredKey(name);
  const wanted = pair === null ? undefined : desired.get(pair);
  if (wanted !== undefined) {
    if (held === undefined) return "add";
    return held === fingerprintOf(wanted.digest) ? null : "update";
  }
  if (fleet.settings.paused || (pair !== null && desired.isFrozen(pair))) return null;
  if (held !== undefined) return "remove";
  const hasState = pair !== null && states.get(name) === true;
  if (markers.has(name) === hasState) return null;
  return markers.has(name) ? "unmark" : "mark";
}

function naiveOpen(buckets: Buckets, target: Target): Record<KeyAction, string[]> {
  const wanted = desiredState(target.fleet).values.keys();
  const open: Record<KeyAction, string[]> = { add: [], update: [], remove: [], mark: [], unmark: [] };
  for (const name of new Set([...wanted, ...buckets.values.keys(), ...buckets.markers, ...buckets.states.keys()])) {
    const action = naiveAction(buckets, target, name);
    if (action !== null) open[action].push(name);
  }
  for (const action of KEY_ACTIONS) open[action].sort();
  return open;
}

interface Known {
  readonly keys: number;
  readonly values: number;
}

function knownOf({ holdings }: State): Readonly<Record<"desired-state" | "device-state", Known>> {
  return { "desired-state": holdings.known("desired-state"), "device-state": holdings.known("device-state") };
}

function naiveKnown({ values, markers, states }: Buckets): ReturnType<typeof knownOf> {
  return {
    "desired-state": { keys: values.size + markers.size, values: values.size },
    "device-state": { keys: states.size, values: [...states.values()].filter(Boolean).length },
  };
}

function openOf({ holdings }: State, target: Target): Record<KeyAction, string[]> {
  const namesOf = (action: KeyAction): string[] =>
    [...target.candidates(action)]
      .flatMap((candidates) =>
        [...candidates.numbers].map((number) => ({ candidates, shelf: candidates.shelf, number })),
      )
      .filter(({ candidates, ...spot }) => target.isDue(candidates, spot))
      .map((spot) => holdings.spots.keyAt(spot))
      .toSorted();
  return {
    add: namesOf("add"),
    update: namesOf("update"),
    remove: namesOf("remove"),
    mark: namesOf("mark"),
    unmark: namesOf("unmark"),
  };
}

type Happening = typeof event extends Arbitrary<infer T> ? T : never;

/** Lets the reconciler see it, and notes it. */
function happen(one: Happening, at: number, { state, buckets, readers }: World): void {
  switch (one.kind) {
    case "commit": {
      if (one.isOtherReader || readers.length === 0) readers.push(new FleetReader());
      const reading = readingOf(one.files, readers.at(-1));
      if (reading.fleet === null) throw new Error(JSON.stringify(reading.problems));
      observe(state, { kind: "commit", commit: `c${at}`, reading }, 0);
      break;
    }
    case "put": {
      const pair = parseDesiredKey(one.key);
      const wanted = pair === null ? undefined : targets(state).at(-1)?.desired.get(pair);
      const fingerprint = one.isWanted && wanted !== undefined ? fingerprintOf(wanted.digest) : 7;
      buckets.markers.delete(one.key);
      buckets.values.set(one.key, fingerprint);
      const change = { kind: "put", key: one.key, fingerprint, revision: at + 1, fleet: "test" } as const;
      observe(state, { kind: "keys", changes: [change] }, 0);
      break;
    }
    case "marker":
      buckets.values.delete(one.key);
      buckets.markers.add(one.key);
      observe(state, { kind: "keys", changes: [{ kind: "marker", key: one.key, revision: at + 1 }] }, 0);
      break;
    case "absent":
      buckets.values.delete(one.key);
      buckets.markers.delete(one.key);
      observe(state, { kind: "keys", changes: [{ kind: "absent", key: one.key }] }, 0);
      break;
    case "state":
      if (one.now === "absent") buckets.states.delete(one.key);
      else buckets.states.set(one.key, one.now === "put");
      observe(state, { kind: "states", changes: [{ key: `state.${one.key}`, kind: one.now }] }, 0);
      break;
    case "forgotten":
      for (const known of one.bucket === "device-state" ? [buckets.states] : [buckets.values, buckets.markers])
        known.clear();
      observe(state, one, 0);
      break;
  }
}

interface World {
  readonly state: State;
  readonly buckets: Buckets;
  readonly readers: FleetReader[];
}

describe("what differs from the bucket", () => {
  test("is counted and named as if everything was compared anew, after every change", () => {
    assert(
      property(array(event, { maxLength: 40 }), (events) => {
        const state = initialState({ branch: "main", once: false });
        const buckets: Buckets = { values: new Map(), markers: new Set(), states: new Map() };
        const world: World = { state, buckets, readers: [] };
        observe(state, { kind: "synced", bucket: "desired-state" }, 0);
        for (const [at, one] of events.entries()) {
          happen(one, at, world);
          expect(knownOf(state)).toEqual(naiveKnown(buckets));
          for (const commit of targets(state).map((target) => target.commit)) {
            while (targetOf(state, commit)?.isCompared === false) observe(state, { kind: "compare" }, 0);
            const target = targetOf(state, commit);
            if (target === null) continue;
            const naive = naiveOpen(buckets, target);
            expect(openOf(state, target)).toEqual(naive);
            for (const action of KEY_ACTIONS) expect(target.open[action]).toBe(naive[action].length);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("is known before all is compared only as far as it was compared", () => {
    const state = initialState({ branch: "main", once: false });
    const paths = DEVICES.map((id) => [`devices/${id}.yaml`, `${HEAD}kind: Device\nmetadata: {name: ${id}}\n`]);
    observe(state, { kind: "commit", commit: "a", reading: readingOf(Object.fromEntries(paths)) }, 0);
    expect(targets(state).map(({ isCompared }) => isCompared)).toEqual([false]);
    observe(state, { kind: "synced", bucket: "desired-state" }, 0);
    expect(targets(state).map(({ isCompared }) => isCompared)).toEqual([true]);
  });
});

describe("a table of many devices", () => {
  test("holds what a map would hold, however it grew", () => {
    const state = initialState({ branch: "main", once: false });
    const { holdings } = state;
    const { spots } = holdings;
    const expected = new Map<string, number>();
    for (let at = 0; at < 20_000; at += 1) {
      const name = desiredKey({ device: `d${(at * 7_919) % 9_973}`, deployment: "web" } as never);
      if (at % 3 === 0 && expected.delete(name)) holdings.drop(spots.ofKey(name));
      else {
        holdings.put(spots.ofKey(name), { fingerprint: at, revision: at + 1, fleet: null });
        expected.set(name, at + 1);
      }
    }
    expect(holdings.values).toBe(expected.size);
    const wrong = [...expected].filter(([name, revision]) => holdings.revisionAt(spots.ofKey(name)) !== revision);
    expect(wrong).toEqual([]);
  });
});
