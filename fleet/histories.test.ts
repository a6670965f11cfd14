/** Whatever happens to a repository, what is kept from commit to commit is what a fresh look at each commit says. */
import {
  array,
  assert,
  boolean,
  constantFrom,
  dictionary,
  oneof,
  option,
  property,
  record,
  tuple,
  type Arbitrary,
} from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeploymentName } from "#schema/names.ts";
import { changedPairs } from "./changed-pairs.ts";
import { desiredState, freezesAlike } from "./desired.ts";
import { sha256Digest } from "./digest.ts";
import type { Fleet } from "./fleet.ts";
import { planBetween } from "./plan.ts";
import { FleetReader, type FleetReading } from "./read.ts";
import { frozenKeys, recomputeFailures, recomputePlan, recomputeValues } from "./recompute-fleet.ts";
import type { Listing, Snapshot, SnapshotEntry } from "./snapshot.ts";

/** A commit of a history: files that are written, or removed where they have no documents. */
type Edits = readonly { readonly path: string; readonly documents: readonly string[] }[];

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";
const labelKeys = constantFrom("role", "site");
const values = constantFrom("a", "a", "b", "");
const labels = dictionary(labelKeys, values, { maxKeys: 2 });
const few = dictionary(labelKeys, values, { maxKeys: 1 });
const paused = constantFrom(false, false, false, false, false, true);

const selector = oneof(
  record({ matchLabels: few }),
  record({ matchExpressions: array(expression(), { minLength: 1, maxLength: 2 }) }),
  record({ matchLabels: few, matchExpressions: array(expression(), { maxLength: 1 }) }),
);

function expression(): Arbitrary<object> {
  return oneof(
    record({
      key: labelKeys,
      operator: constantFrom("In", "In", "NotIn"),
      values: array(values, { minLength: 1, maxLength: 2 }),
    }),
    record({ key: labelKeys, operator: constantFrom("Exists", "DoesNotExist") }),
  );
}

function device(name: string): Arbitrary<string> {
  return record({ labels, paused }).map(
    (one) =>
      `${HEAD}kind: Device\nmetadata: ${JSON.stringify({ name, labels: one.labels })}\nspec: {paused: ${one.paused}}\n`,
  );
}

function namedSelector(name: string): Arbitrary<string> {
  return selector.map(
    (one) => `${HEAD}kind: DeviceSelector\nmetadata: {name: ${name}}\nspec: ${JSON.stringify(one)}\n`,
  );
}

const command = constantFrom("1", "2", "on ${device.id}", "at ${device.labels.site:-nowhere}", "$${device.id}");
const port = constantFrom(null, null, null, "80:80", "127.0.0.1:80:80", "81:80/udp", "8${device.labels.role:-1}:80");
const user = constantFrom(null, null, null, null, null, "${device.labels.site}");
const target = oneof(
  record({ targetSelector: selector }),
  record({ targetSelector: selector }),
  record({ selectorRef: constantFrom("s-1", "s-2") }),
);

function deployment(name: string): Arbitrary<string> {
  return record({ target, command, port, user, paused }).map((one) => {
    const service = {
      name: "s",
      image: "r.example/a:1",
      command: [one.command],
      ...(one.port === null ? {} : { ports: [one.port] }),
      ...(one.user === null ? {} : { user: one.user }),
    };
    const spec = { ...one.target, paused: one.paused, score: { type: "PodmanV0", data: { services: [service] } } };
    return `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec: ${JSON.stringify(spec)}\n`;
  });
}

const settings = constantFrom(
  "{}",
  "{}",
  "{paused: true}",
  "{wire: {scoreTag: external}}",
  "{devices: {admission: reported}}",
  "{devices: {reportedLabels: [site]}}",
  "{unknown: 1}",
).map((spec) => `${HEAD}kind: Fleet\nmetadata: {name: f}\nspec: ${spec}\n`);

const moved = constantFrom("", "", "# A line that moves what is below it.\n");

/** Each file has names of its own and, now and then, one that another file has, too. */
function file(path: string, documentOf: (name: string) => Arbitrary<string>, own: readonly string[]) {
  const documents = tuple(...own.map((name) => option(documentOf(name), { freq: 4 })));
  const shared = option(documentOf("shared"), { freq: 1, nil: null }).chain((text) =>
    constantFrom(null, null, null, null, text),
  );
  return record({ first: moved, documents, shared }).map(({ first, documents: some, shared: more }): Edits[number] => {
    const all = [...some, more].filter((text) => text !== null);
    return { path, documents: all.map((text, index) => (index === 0 ? first + text : text)) };
  });
}

const FILES = [
  file("devices/a.yaml", device, ["a-1", "a-2", "a-10"]),
  file("devices/b.yaml", device, ["b-1", "b-2"]),
  file("devices/c.yaml", namedSelector, ["s-1", "s-2"]),
  file("deployments/x.yaml", deployment, ["web", "api"]),
  file("deployments/y.yaml", deployment, ["log"]),
  file("deployments/z.yaml", deployment, ["proxy"]),
] as const;
const edit = oneof(
  ...FILES,
  settings.map((text): Edits[number] => ({ path: "fleet.yaml", documents: [text] })),
);
const history = record({
  first: tuple(...FILES),
  later: array(record({ edits: array(edit, { minLength: 1, maxLength: 2 }), tellsChanges: boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
});

/** A source that keeps what it said before, and can say what is another thing now. */
class Source {
  readonly #texts = new Map<string, string>();

  commit(edits: Edits): void {
    for (const { path, documents } of edits) {
      if (documents.length === 0) this.#texts.delete(path);
      else this.#texts.set(path, documents.join("---\n"));
    }
  }

  snapshot(tellsChanges: boolean): Snapshot {
    const texts = new Map(this.#texts);
    const entries = [...texts].map(([path, text]): SnapshotEntry => {
      return { path, kind: "file", id: sha256Digest(text), sizeBytes: text.length };
    });
    const contents = new Map([...texts.values()].map((text) => [sha256Digest(text), new TextEncoder().encode(text)]));
    const snapshot: Snapshot = { entries, content: (id) => contents.get(id), listing: new Texts(texts) };
    return tellsChanges ? { ...snapshot, changesSince: (earlier) => changesOf(entries, texts, earlier) } : snapshot;
  }
}

class Texts implements Listing {
  readonly texts: ReadonlyMap<string, string>;

  constructor(texts: ReadonlyMap<string, string>) {
    this.texts = texts;
  }

  get entryCount(): number {
    return this.texts.size;
  }
}

function changesOf(entries: readonly SnapshotEntry[], texts: ReadonlyMap<string, string>, earlier: Listing) {
  if (!(earlier instanceof Texts)) return null;
  return {
    changed: entries.filter(({ path }) => earlier.texts.get(path) !== texts.get(path)),
    removed: [...earlier.texts.keys()].filter((path) => !texts.has(path)),
  };
}

/** Everything that is said about a fleet, in plain words. */
function plainFleet({ name, settings: all, deployments, devices, selectors }: Fleet): unknown {
  return { name, all, deployments: [...deployments], devices: [...devices], selectors: [...selectors] };
}

function plain({ fleet, ...rest }: FleetReading): unknown {
  return { ...rest, fleet: fleet === null ? null : plainFleet(fleet) };
}

function textsOf(fleet: Fleet): [string, string][] {
  return [...desiredState(fleet).values].map(([key, { text }]) => [key, text]);
}

function linesOf(base: Fleet | null, head: Fleet): string[] {
  const { changes } = planBetween(base, head);
  return Array.from(changes, ({ action, device: id, deployment: name }) => `${action} ${id}.${name}`).toSorted();
}

function differences(before: Fleet, after: Fleet): string[] {
  const [old, young] = [desiredState(before), desiredState(after)];
  return [...changedPairs(old.pairs, young.pairs)]
    .map((pair) => `${pair.device}.${pair.deployment} ${pair.before?.text} ${pair.after?.text}`)
    .toSorted();
}

function recomputedDifferences(before: Fleet, after: Fleet): string[] {
  const [old, young] = [recomputeValues(before, { paused: true }), recomputeValues(after, { paused: true })];
  return [...new Set([...old.keys(), ...young.keys()])]
    .filter((key) => old.get(key) !== young.get(key))
    .map((key) => `${key} ${old.get(key)} ${young.get(key)}`)
    .toSorted();
}

/** Every key that could be frozen in one of two fleets. */
function keysOf(...fleets: Fleet[]): string[] {
  const names = ["nothing", ...fleets.flatMap(({ deployments }) => [...deployments.keys()])];
  return fleets.flatMap(({ devices }) => [...devices.keys()].flatMap((id) => names.map((name) => `${id}.${name}`)));
}

describe("a history of commits, read one after another", () => {
  test("says at each commit what a fresh look at it says: fleet, problems, warnings, values, plans", () => {
    let compared = 0;
    assert(
      property(history, ({ first, later }) => {
        const source = new Source();
        const reader = new FleetReader();
        const fleets: { fleet: Fleet; values: [string, string][] }[] = [];
        for (const { edits, tellsChanges } of [{ edits: first, tellsChanges: false }, ...later]) {
          source.commit(edits);
          const reading = reader.read(source.snapshot(tellsChanges));
          const fresh = new FleetReader().read(source.snapshot(false));
          expect(plain(reading)).toEqual(plain(fresh));
          const { fleet } = reading;
          if (fleet === null) continue;
          const expected = [...recomputeValues(fleet, { paused: true })];
          expect(textsOf(fleet)).toEqual(expected);
          expect(desiredState(fleet).size).toBe(expected.length);
          for (const { fleet: earlier } of [...fleets.slice(0, 1), ...fleets.slice(-2)]) {
            compared += 1;
            expect(linesOf(earlier, fleet)).toEqual(recomputePlan(earlier, fleet));
            expect(differences(earlier, fleet)).toEqual(recomputedDifferences(earlier, fleet));
            const alike = freezesAlike(desiredState(earlier), desiredState(fleet));
            const keys = keysOf(earlier, fleet);
            const [old, young] = [frozenKeys(earlier, keys).join(), frozenKeys(fleet, keys).join()];
            expect(!alike || old === young).toBe(true);
          }
          // A reader of its own has numbers of its own.
          expect(linesOf(fresh.fleet, fleet)).toEqual(recomputePlan(fresh.fleet, fleet));
          fleets.push({ fleet, values: expected });
        }
        // What came later changed nothing about what was there before.
        for (const { fleet, values: before } of fleets) expect(textsOf(fleet)).toEqual(before);
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(200);
  }, 120_000);
});

describe("a label that only values say", () => {
  test("changes the values of its device, and nothing else", () => {
    const site = (name: string, value: string): string =>
      `${HEAD}kind: Device\nmetadata: {name: ${name}, labels: {site: ${value}}}\n`;
    const score =
      "{type: PodmanV0, data: {services: [{name: s, image: r.example/a:1, command: ['${device.labels.site}']}]}}";
    const source = new Source();
    const reader = new FleetReader();
    source.commit([
      { path: "devices/a.yaml", documents: [site("a-1", "a"), site("a-2", "a")] },
      {
        path: "deployments/x.yaml",
        documents: [`${HEAD}kind: Deployment\nmetadata: {name: web}\nspec: {targetSelector: {}, score: ${score}}\n`],
      },
    ]);
    const before = reader.read(source.snapshot(true)).fleet;
    source.commit([{ path: "devices/a.yaml", documents: [site("a-1", "a"), site("a-2", "b")] }]);
    const after = reader.read(source.snapshot(true)).fleet;
    expect(after === null ? [] : linesOf(before, after)).toEqual(["update a-2.web"]);
  });
});

describe("rules", () => {
  test("are broken exactly where asking every device about every deployment finds it", () => {
    let broken = 0;
    assert(
      property(tuple(...FILES), (edits) => {
        const source = new Source();
        source.commit([...edits, { path: "fleet.yaml", documents: [ANYTHING_GOES] }]);
        const { fleet, warnings } = new FleetReader().read(source.snapshot(false));
        if (fleet === null) return;
        const failures = recomputeFailures(fleet);
        broken += failures.length;
        expect(warnings).toHaveLength(failures.length);
        const withheld = new Set(failures.flatMap(({ devices }) => devices));
        expect([...desiredState(fleet).withheld.keys()].toSorted()).toEqual([...withheld].toSorted());
        for (const id of withheld) expect(desiredState(fleet).isFrozen({ device: id, deployment: WEB })).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(broken).toBeGreaterThan(50);
  });
});

const ANYTHING_GOES = `${HEAD}kind: Fleet\nmetadata: {name: f}\nspec: {devices: {admission: reported}}\n`;
const WEB = "web" as DeploymentName;
