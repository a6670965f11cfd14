/** Checked files → a fleet, or every problem: names that clash, references that lead nowhere, and rules of devices. */
import type { DeviceId } from "#schema/names.ts";
import { suggestion } from "#schema/nearest.ts";
import { quoted } from "#schema/shape-check.ts";
import type { Device, Fleet, NamedSelector } from "./fleet.ts";
import { judgeMatches } from "./judge.ts";
import { Matches, type Numbering } from "./matches.ts";
import { NumberedMap } from "./numbered-map.ts";
import type { ParsedFile } from "./parsed-file.ts";
import type { DeviceEntry, Named, ParsedObjects, SelectorEntry } from "./parsed-objects.ts";
import { problemAt } from "./parsed-document.ts";
import type { Problem } from "./problem.ts";
import { namedSelector, readingOf, resolveDeployment, settingsOf, type FleetReading } from "./reading.ts";

/** Files come sorted by path. Yields now and then, so that its caller can do something else. */
export function* assemble(files: readonly ParsedFile[], numbering: Numbering): Generator<void, FleetReading> {
  const problems = files.flatMap((file) => file.problems);
  const objects = files.map((file) => file.objects);
  const selectors = yield* firstOfEach(objects, ({ selectors: found }) => found, { kind: "DeviceSelector", problems });
  const devices = yield* firstOfEach(objects, ({ devices: found }) => found, { kind: "Device", problems });
  const entries = yield* firstOfEach(objects, ({ deployments: found }) => found, { kind: "Deployment", problems });
  const settings = objects.flatMap((one) => one.settings);
  problems.push(...settings.slice(1).map(secondFleet), ...unknownSelectors(files, selectors));
  const deployments = [...entries.values()].flatMap(
    (entry) => resolveDeployment(entry, (name) => selectors.get(name)?.sound ?? null) ?? [],
  );
  const soundDevices = yield* NumberedMap.of(numbering.devices, soundOnes(devices.values()));
  const matches = yield* Matches.of(numbering, soundDevices, deployments);
  const fleet: Fleet = {
    ...settingsOf(settings),
    deployments: yield* NumberedMap.of(
      numbering.deployments,
      deployments.map((one) => [one.name, one] as const),
    ),
    devices: soundDevices,
    selectors: yield* NumberedMap.of(numbering.selectors, namedOnes(selectors.values())),
    matches,
  };
  const failures = yield* judgeMatches(matches, fleet.settings);
  return readingOf(fleet, {
    problems,
    failures,
    deployments: files.reduce((sum, { counts }) => sum + counts.Deployment, 0),
    devices: files.reduce((sum, { counts }) => sum + counts.Device, 0),
  });
}

/** By name; each later one of a name is a problem where it stands. */
function* firstOfEach<E extends Named<string, unknown>>(
  objects: readonly ParsedObjects[],
  entriesOf: (objects: ParsedObjects) => readonly E[],
  { kind, problems }: { readonly kind: string; readonly problems: Problem[] },
): Generator<void, Map<string, E>> {
  const first = new Map<string, E>();
  for (const [at, one] of objects.entries()) {
    if (at % FILES_PER_STEP === 0) yield;
    for (const entry of entriesOf(one)) {
      const earlier = first.get(entry.name);
      if (earlier === undefined) first.set(entry.name, entry);
      else problems.push(duplicateName(entry, earlier, kind));
    }
  }
  return first;
}

const FILES_PER_STEP = 100;

function duplicateName(entry: Named<string, unknown>, { namePlace }: Named<string, unknown>, kind: string): Problem {
  const at = `${namePlace.file}:${namePlace.line}`;
  const message = `there is already a ${kind} named ${quoted(entry.name)} at ${at}; rename or remove one of them`;
  return problemAt(entry.namePlace, "duplicate-name", message);
}

function secondFleet({ namePlace }: Named<string, unknown>): Problem {
  return problemAt(namePlace, "duplicate-name", "fleet.yaml holds one Fleet; remove this one");
}

function* soundOnes(entries: Iterable<DeviceEntry>): Generator<readonly [DeviceId, Device], undefined> {
  for (const { name, sound } of entries) if (sound !== null) yield [name, sound];
}

function* namedOnes(entries: Iterable<SelectorEntry>): Generator<readonly [string, NamedSelector], undefined> {
  for (const entry of entries) {
    const named = namedSelector(entry);
    if (named !== undefined) yield [entry.name, named];
  }
}

function unknownSelectors(files: readonly ParsedFile[], selectors: ReadonlyMap<string, unknown>): Problem[] {
  const unknown = files.flatMap((file) => file.objects.references).filter(({ name }) => !selectors.has(name));
  return unknown.map(({ name, place }) => {
    const hint = suggestion(name, selectors.keys()) || "; add a DeviceSelector of this name below devices/";
    return problemAt(place, "unknown-selector", `there is no DeviceSelector named ${quoted(name)}${hint}`);
  });
}
