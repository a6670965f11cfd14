import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  record,
  shuffledSubarray,
  subarray,
  type Arbitrary,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { desiredState, type DesiredState } from "#fleet/desired.ts";
import { FleetReader } from "#fleet/read.ts";
import { RenderedValue } from "#fleet/rendered-score.ts";
import { parseDesiredKey } from "#schema/keys.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import { decide } from "./decide.ts";
import type { Effect } from "./effect.ts";
import type { Event, KeyChange } from "./event.ts";
import { observe } from "./observe.ts";
import { fingerprint, readingOf, SimulatedWorld, type SimulatedCommit } from "./simulated-world.ts";
import { VALUE } from "./held-table.ts";
import { initialState, type State } from "./state.ts";
import { verdictOf } from "./verdict.ts";
import type { Write } from "./write.ts";

const DEVICES = Array.from({ length: 8 }, (_, at) => `d${at}`);
const DEPLOYMENTS = ["api", "web"];
const SETTINGS = "prune: {maxPercent: 40, minKeys: 2}";

/** A repository: which devices there are, which of them are paused, which image each deployment has. */
interface Content {
  readonly devices: readonly string[];
  readonly paused: readonly string[];
  readonly images: Readonly<Record<string, number>>;
  readonly broken: boolean;
}

const content: Arbitrary<Content> = record({
  devices: subarray(DEVICES, { minLength: 1 }),
  paused: oneof(
    { weight: 3, arbitrary: constant<string[]>([]) },
    { weight: 1, arbitrary: subarray(DEVICES, { maxLength: 2 }) },
  ),
  images: record({ api: integer({ min: 1, max: 2 }), web: integer({ min: 1, max: 2 }) }),
  broken: oneof({ weight: 5, arbitrary: constant(false) }, { weight: 1, arbitrary: constant(true) }),
});

function filesOf({ devices, paused, images, broken }: Content): Record<string, string> {
  const head = "apiVersion: gitfleet.dev/v1alpha1\n";
  const files: Record<string, string> = {
    "fleet.yaml": `${head}kind: Fleet\nmetadata: {name: test}\nspec: {${SETTINGS}}\n`,
  };
  for (const id of devices) {
    const spec = paused.includes(id) ? "{paused: true}" : "{}";
    files[`devices/${id}.yaml`] = `${head}kind: Device\nmetadata: {name: ${id}}\nspec: ${spec}\n`;
  }
  for (const name of DEPLOYMENTS) {
    const service = `{name: main, image: "example.org/${name}:${images[name]}"}`;
    const score = `{type: PodmanV0, data: {services: [${service}]}}`;
    files[`deployments/${name}.yaml`] =
      `${head}kind: Deployment\nmetadata: {name: ${name}}\nspec: {targetSelector: {}, score: ${score}}\n`;
  }
  return broken ? { ...files, "deployments/broken.yaml": "kind: Nonsense\n" } : files;
}

type Step =
  | { readonly kind: "commit"; readonly content: Content; readonly allowsPrune: boolean }
  | { readonly kind: "meddle"; readonly key: string; readonly text: string | null }
  | { readonly kind: "state"; readonly key: string; readonly there: boolean }
  | { readonly kind: "tell" }
  | { readonly kind: "act"; readonly choice: number }
  | { readonly kind: "die"; readonly choice: number; readonly breakAt: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "git"; readonly works: boolean }
  | { readonly kind: "lose"; readonly isWiped: boolean };

const key = constantFrom(
  ...DEVICES.flatMap((device) => [...DEPLOYMENTS, "old"].map((name) => `${device}.${name}`)),
  "stray",
);

/** Something that can happen at any moment, also in the middle of a pass. */
const happening: Arbitrary<Step> = oneof(
  { weight: 3, arbitrary: record({ kind: constant("commit" as const), content, allowsPrune: boolean() }) },
  { weight: 2, arbitrary: record({ kind: constant("meddle" as const), key, text: constantFrom("{}", null) }) },
  { weight: 3, arbitrary: record({ kind: constant("state" as const), key, there: boolean() }) },
  { weight: 10, arbitrary: record({ kind: constant("tell" as const) }) },
  { weight: 3, arbitrary: record({ kind: constant("wait" as const), ms: nat(15_000) }) },
  { weight: 1, arbitrary: record({ kind: constant("git" as const), works: boolean() }) },
  { weight: 1, arbitrary: record({ kind: constant("lose" as const), isWiped: constant(false) }) },
);

const step: Arbitrary<Step | Interruption> = oneof(
  { weight: 23, arbitrary: happening },
  { weight: 3, arbitrary: record({ kind: constant("interrupt" as const), after: nat(9), happens: happening }) },
  { weight: 20, arbitrary: record({ kind: constant("act" as const), choice: nat(9) }) },
  { weight: 3, arbitrary: record({ kind: constant("die" as const), choice: nat(9), breakAt: nat(6) }) },
);

interface Interruption {
  readonly kind: "interrupt";
  readonly after: number;
  readonly happens: Step;
}

function take(world: SimulatedWorld, taken: Step | Interruption): void {
  switch (taken.kind) {
    case "interrupt":
      world.interruptions.push({ after: taken.after, happen: () => take(world, taken.happens) });
      break;
    case "lose":
      world.lose(taken.isWiped);
      break;
    case "commit":
      world.commit(filesOf(taken.content), taken.allowsPrune);
      break;
    case "meddle":
      world.meddle(taken.key, taken.text);
      break;
    case "state":
      if (taken.key !== "stray") world.setState(taken.key, taken.there);
      break;
    case "tell":
      world.tell();
      break;
    case "act":
      world.act(taken.choice);
      break;
    case "die":
      world.act(taken.choice, taken.breakAt);
      break;
    case "wait":
      world.nowMs += taken.ms;
      break;
    case "git":
      world.gitWorks = taken.works;
      break;
  }
}

// The oracle: what is wrong with a world at rest, worked out anew from the commits and the record alone.
function faultsAtRest(world: SimulatedWorld): string[] {
  const head = world.commits.at(-1);
  const told = world.record?.value ?? null;
  if (head === undefined) return world.record === null ? [] : ["a record without a commit"];
  const refused = told?.refused ?? null;
  const pursued = world.commits.find(({ id }) => id === told?.applied);
  const faults = told?.head === head.id ? [] : ["the record does not know head"];
  if (refused === null && told?.applied !== head.id) faults.push("head is neither applied nor refused");
  if (refused?.reason === "invalid" && head.reading.fleet !== null) faults.push("a valid head is called invalid");
  if (refused?.reason === "held") faults.push(...faultsOfHold(world, head));
  const fleet = pursued?.reading.fleet ?? null;
  return fleet === null ? faults : [...faults, ...faultsOfBucket(world, desiredState(fleet), refused !== null)];
}

function faultsOfBucket(world: SimulatedWorld, desired: DesiredState, isRefused: boolean): string[] {
  const values = valuesOf(world);
  const strays = [...values.keys()].filter((name) => !desired.values.has(name) && !isFrozen(desired, name));
  // A bucket that somebody else filled may itself be too much to remove: then all of it stays as it is.
  if (breaksLimits(strays.length, values.size, desired.values.size))
    return isRefused ? [] : ["too much is to go, unheld"];
  const wrong = [...desired.values.values()].filter(({ key: name, text }) => values.get(name) !== text);
  const wanted = new Set([...desired.values.keys(), ...values.keys()]);
  const markers = [...world.bucket].filter(([, { text }]) => text === null).map(([name]) => name);
  const useless = markers.filter((name) => !world.states.has(name) && !isFrozen(desired, name));
  const unmarked = [...world.states].filter(
    (name) => !wanted.has(name) && !isFrozen(desired, name) && !world.bucket.has(name),
  );
  const mayLack = breaksLimits(unmarked.length, world.states.size, 1);
  return [
    ...strays.map((name) => `${name} is there and nobody wants it`),
    ...wrong.map(({ key: name }) => `${name} is not as the commit says`),
    ...useless.map((name) => `the marker of ${name} stays without a state`),
    ...(mayLack ? [] : unmarked.map((name) => `${name} has a state, no key and no marker`)),
  ];
}

function faultsOfHold(world: SimulatedWorld, head: SimulatedCommit): string[] {
  if (head.reading.fleet === null) return ["an invalid head is called held"];
  const desired = desiredState(head.reading.fleet);
  const values = valuesOf(world);
  const { removes, of } = removalsOf([...values.keys()], desired);
  const kept = of - removes + [...desired.values.keys()].filter((name) => !values.has(name)).length;
  const faults = kept === 0 || breaksLimits(removes, of, 1) ? [] : ["head is held within the limits"];
  if (head.allowsPrune && world.record?.value?.applied !== head.id)
    faults.push("head is held although it carries the trailer");
  return faults;
}

function valuesOf(world: SimulatedWorld): Map<string, string> {
  return new Map([...world.bucket].flatMap(([name, { text }]) => (text === null ? [] : [[name, text] as const])));
}

function isFrozen(desired: DesiredState, name: string): boolean {
  const pair = parseDesiredKey(name);
  return pair !== null && desired.isFrozen(pair);
}

function removalsOf(keys: readonly string[], desired: DesiredState): { removes: number; of: number } {
  const removes = keys.filter((name) => !desired.values.has(name) && !isFrozen(desired, name)).length;
  return { removes, of: keys.length };
}

function breaksLimits(removes: number, of: number, wanted: number): boolean {
  return removes > 0 && ((removes > 2 && removes * 100 > 40 * of) || (wanted === 0 && removes === of));
}

// What is wrong with the next write, or with a record, at the moment before it is written.
function faultsOfEffect(world: SimulatedWorld, effect: Extract<Effect, { kind: "write" | "write-record" }>): string[] {
  return effect.kind === "write" ? faultsOfWrites(world, effect.commit) : faultsOfRecord(world, effect.record);
}

// No write belongs to a pass that removes too much of what was known to be there, unless its commit allows it.
function faultsOfWrites(world: SimulatedWorld, id: string): string[] {
  const commit = world.commits.find((one) => one.id === id);
  if (commit === undefined || commit.reading.fleet === null) return ["written for a commit that is not valid"];
  const told = world.record?.value ?? null;
  const faults = told?.applying === id || told?.applied === id ? [] : ["written before it was announced"];
  const desired = desiredState(commit.reading.fleet);
  const { removes, of } = removalsOf(keysWithValue(world.state), desired);
  if (!commit.allowsPrune && breaksLimits(removes, of, desired.values.size)) faults.push(`removes ${removes} of ${of}`);
  return faults;
}

// A commit is called applied only when nothing of it is missing, as far as is known.
function faultsOfRecord(world: SimulatedWorld, told: ReconcilerRecord): string[] {
  if (told.applied === null || told.applied === world.record?.value?.applied) return [];
  const fleet = world.commits.find(({ id }) => id === told.applied)?.reading.fleet ?? null;
  if (fleet === null) return ["an invalid commit is called applied"];
  const missing = [...desiredState(fleet).values.values()].filter(
    ({ key: name, text }) => heldFingerprint(world.state, name) !== fingerprint(text),
  );
  return missing.map(({ key: name }) => `called applied without ${name}`);
}

// The keys that hold a value, as far as the reconciler knows.
function keysWithValue({ holdings }: State): string[] {
  const spots = [...holdings.shelves()].flatMap((shelf) =>
    [...(holdings.table(shelf)?.numbers() ?? [])].map((number) => ({ shelf, number })),
  );
  return spots.filter((spot) => (holdings.flagsAt(spot) & VALUE) !== 0).map((spot) => holdings.spots.keyAt(spot));
}

function heldFingerprint({ holdings }: State, name: string): number | null {
  const { shelf, number } = holdings.spots.ofKey(name);
  const table = holdings.table(shelf);
  const slot = table?.find(number) ?? -1;
  if (table === undefined || slot < 0 || (table.flags(slot) & VALUE) === 0) return null;
  return table.fingerprint(slot);
}

describe("whatever happens, and wherever the process dies", () => {
  test("the buckets come to rest as the commits say, and stay so without another message", () => {
    assert(
      property(array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const world = new SimulatedWorld();
        const faults: string[] = [];
        world.inspect = (effect) => void faults.push(...faultsOfEffect(world, effect));
        for (const taken of steps) take(world, taken);
        world.gitWorks = true;
        world.interruptions.length = 0;
        world.settle();
        faults.push(...faultsAtRest(world));
        const before = [world.messages, world.record?.revision];
        world.start();
        world.settle();
        expect({ faults, written: [world.messages, world.record?.revision] }).toEqual({ faults: [], written: before });
      }),
      { numRuns: 400 },
    );
  });
});

describe("the order of events", () => {
  const first = readingOf(filesOf({ devices: DEVICES, paused: [], images: { api: 1, web: 1 }, broken: false }));
  const events: Event[] = [
    ...DEVICES.map((device, at): Event => {
      return {
        kind: "keys",
        changes: [
          { kind: "put", key: `${device}.web`, fingerprint: fingerprint("{}"), revision: at + 1, fleet: "test" },
        ],
      };
    }),
    { kind: "keys", changes: [{ kind: "put", key: "stray", fingerprint: 1, revision: 20, fleet: null }] },
    { kind: "keys", changes: [{ kind: "marker", key: "d1.old", revision: 21 }] },
    { kind: "states", changes: [{ key: "state.d2.old", kind: "put" }] },
    { kind: "states", changes: [{ key: "state.d1.old", kind: "put" }] },
    { kind: "head", commit: "a", nextPollInMs: 5_000 },
    { kind: "commit", commit: "a", reading: first },
    { kind: "lease", held: true, reason: "test" },
    { kind: "synced", bucket: "desired-state" },
    { kind: "synced", bucket: "device-state" },
    { kind: "synced", bucket: "device-info" },
    { kind: "synced", bucket: "fleet" },
  ];

  test("leads to the same decision, also when events come twice", () => {
    const decisionAfter = (order: readonly Event[]): string => {
      const state = initialState({ branch: "main", once: false });
      for (const event of order) observe(state, event, 1_000);
      observe(state, { kind: "record", record: announced, revision: 30, own: false }, 1_000);
      const { effects } = decide(state, 1_000);
      return JSON.stringify(
        effects.map((effect) => {
          return effect.kind === "write" ? { ...effect, row: writesOf(effect) } : effect;
        }),
      );
    };
    const usual = decisionAfter(events);
    expect(usual).toContain('"kind":"write"');
    assert(
      property(shuffledSubarray(events, { minLength: events.length }), subarray(events), (order, again) => {
        const lasting = again.filter(({ kind }) => kind !== "states");
        expect(decisionAfter([...order, ...lasting])).toBe(usual);
      }),
    );
  });

  const announced = {
    fleet: "test",
    branch: "main",
    head: "a",
    applied: null,
    applying: "a",
    applied_at: null,
    refused: null,
    desired_keys: 0,
  };
});

describe("one pass", () => {
  test("gives no verdict before the record says what was done", () => {
    const world = new SimulatedWorld();
    world.commit(filesOf({ devices: ["d1"], paused: [], images: { api: 1, web: 1 }, broken: false }));
    expect(verdictOf(world.state)).toBeNull();
    world.settle();
    expect(verdictOf(world.state)).toMatchObject({ code: 0 });
    world.commit(filesOf({ devices: ["d1"], paused: [], images: { api: 1, web: 1 }, broken: true }));
    world.settle();
    expect(verdictOf(world.state)).toMatchObject({ code: 1 });
    world.gitWorks = false;
    world.see({ kind: "poll-wanted" });
    world.act(0);
    expect(verdictOf(world.state)).toMatchObject({ code: 3 });
  });
});

describe("a pass", () => {
  const all = { devices: DEVICES, paused: [], images: { api: 1, web: 1 }, broken: false };
  const small = { ...all, devices: ["d1"] };

  test("is written while the feed stands still where it is large, and is applied once the feed has gone on", () => {
    const world = new SimulatedWorld();
    world.commit(filesOf(small));
    world.settle();
    expect(world.held).toBe(0);
    world.commit(filesOf(all));
    while (world.held === 0) world.act(0);
    expect(world.state.holdings.values).toBe(DEVICES.length * DEPLOYMENTS.length);
    expect(wantsToRecordApplied(world)).toBe(false);
    world.tell();
    while (world.tell());
    expect(wantsToRecordApplied(world)).toBe(true);
  });

  test("is not followed by another one before the feed has told what it held back", () => {
    const world = new SimulatedWorld();
    world.commit(filesOf(small));
    world.settle();
    world.commit(filesOf(all));
    world.interruptions.push({ after: 1, happen: () => world.meddle("d2.web", "{}") });
    while (world.held === 0) world.act(0);
    expect(world.state.holdings.values).toBeLessThan(DEVICES.length * DEPLOYMENTS.length);
    expect(kindsDue(world)).not.toContain("write");
    while (world.tell());
    expect(kindsDue(world)).toContain("write");
  });

  test("counts for the keys that it wrote, also where a commit gave them other numbers meanwhile", () => {
    const world = new SimulatedWorld();
    world.commit(filesOf(all));
    const reading = readingOf(filesOf({ ...all, devices: all.devices.slice(1) }), new FleetReader());
    world.interruptions.push({ after: 2, happen: () => world.see({ kind: "commit", commit: "other", reading }) });
    while (world.tell());
    const { spots: before } = world.state.holdings;
    for (let turn = 0; turn < 20 && world.messages === 0; turn += 1) world.act(0);
    const { holdings } = world.state;
    expect(holdings.spots).not.toBe(before);
    const revisions = [...world.bucket].map(([name, { revision }]) => [name, revision]);
    expect(revisions).toHaveLength(2);
    expect(revisions.map(([name]) => [name, holdings.revisionAt(holdings.spots.ofKey(String(name)))])).toEqual(
      revisions,
    );
  });

  test("ends with the first write that another head, another writer or a lost bucket forbids", () => {
    const interruptions: ((world: SimulatedWorld) => void)[] = [
      (world) => world.see({ kind: "head", commit: "other", nextPollInMs: 10_000 }),
      (world) => world.see({ kind: "lease", held: false, reason: "test" }),
      (world) => world.see({ kind: "unsynced", bucket: "desired-state", reason: "test" }),
    ];
    for (const interrupt of interruptions) {
      const world = new SimulatedWorld();
      world.commit(filesOf(all));
      world.interruptions.push({ after: 5, happen: () => interrupt(world) });
      while (world.tell());
      for (let turn = 0; turn < 20 && world.messages === 0; turn += 1) world.act(0);
      expect(world.messages).toBe(5);
    }
  });

  test("gives no more markers once it is not known what devices report", () => {
    const markersAfter = (interrupt: (world: SimulatedWorld) => void): number => {
      const world = new SimulatedWorld();
      world.commit(filesOf(all));
      world.settle();
      const before = world.messages;
      for (const stray of ["d1.old", "d2.old"]) world.setState(stray, true);
      world.interruptions.push({ after: 1, happen: () => interrupt(world) });
      while (world.tell());
      for (let turn = 0; turn < 20 && world.messages === before; turn += 1) world.act(0);
      return world.messages - before;
    };
    expect(markersAfter(() => {})).toBe(2);
    expect(markersAfter((world) => world.see({ kind: "unsynced", bucket: "device-state", reason: "test" }))).toBe(1);
  });

  test("goes on while what is seen changes nothing about it", () => {
    const world = new SimulatedWorld();
    world.commit(filesOf(all));
    world.interruptions.push({ after: 5, happen: () => world.setState("d1.web", true) });
    while (world.tell());
    for (let turn = 0; turn < 20 && world.messages === 0; turn += 1) world.act(0);
    expect(world.messages).toBe(DEVICES.length * DEPLOYMENTS.length);
  });
});

function kindsDue(world: SimulatedWorld): string[] {
  return decide(world.state, world.nowMs).effects.map(({ kind }) => kind);
}

function wantsToRecordApplied(world: SimulatedWorld): boolean {
  const { effects } = decide(world.state, world.nowMs);
  return effects.some((effect) => effect.kind === "write-record" && effect.record.applying === null);
}

/** All writes of an effect, in the order of their keys. */
function writesOf(effect: Effect): object[] {
  if (effect.kind !== "write") return [];
  const writes: Write[] = [];
  for (let write = effect.row.next(); write !== null; write = effect.row.next()) writes.push(write);
  return writes
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ kind, key: name, expectedRevision }) => ({ kind, key: name, expectedRevision }));
}

describe("a bucket that is lost in the middle of writes", () => {
  const one = filesOf({ devices: ["d1"], paused: [], images: { api: 1, web: 1 }, broken: false });
  const put = (name: string, text: string, revision: number): KeyChange => {
    return { kind: "put", key: name, fingerprint: fingerprint(text), revision, fleet: "test" };
  };
  const done = { kind: "writes-done", failed: 0, message: "", retryInMs: 0 } as const;

  test("is trusted alone: what the old one acknowledged is written again where the new one lacks it", () => {
    const world = new SimulatedWorld();
    world.commit(one);
    world.settle();
    const { epoch, holdings } = world.state;
    const spot = holdings.spots.ofKey("d1.web");
    const text = world.bucket.get("d1.web")?.text ?? "";
    const api = world.bucket.get("d1.api")?.text ?? "";
    world.see({ kind: "writes-started" });
    world.see({ kind: "unsynced", bucket: "desired-state", reason: "the bucket was re-created" });
    world.see({ kind: "forgotten", bucket: "desired-state" });
    world.see({ kind: "keys", changes: [put("d1.api", api, 1)] });
    world.see({ kind: "synced", bucket: "desired-state" });
    const value = new RenderedValue(text);
    const write: Write = {
      kind: "put",
      key: "d1.web",
      ...spot,
      spots: holdings.spots,
      value,
      fingerprint: fingerprint(text),
      expectedRevision: 3,
    };
    world.see({ kind: "written", fleet: "test", epoch, written: [{ write, revision: 901 }] });
    world.see({ ...done, epoch, conflicts: [put("d1.api", "{}", 900)] });
    const writes = decide(world.state, world.nowMs).effects.flatMap(writesOf);
    expect(writes).toEqual([{ kind: "put", key: "d1.web", expectedRevision: 0 }]);
  });

  test("a key that was looked up does not hide what the bucket told later", () => {
    const world = new SimulatedWorld();
    world.commit(one);
    world.settle();
    const { epoch } = world.state;
    const text = world.bucket.get("d1.web")?.text ?? "";
    world.see({ kind: "writes-started" });
    world.see({ kind: "keys", changes: [put("d1.web", "{}", 902)] });
    world.see({ ...done, epoch, conflicts: [put("d1.web", text, 901)] });
    const writes = decide(world.state, world.nowMs).effects.flatMap(writesOf);
    expect(writes).toEqual([{ kind: "put", key: "d1.web", expectedRevision: 902 }]);
  });
});
