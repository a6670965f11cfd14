/** Checked files → a fleet, or every problem: names that clash, references that lead nowhere, and rules of devices. */
import { suggestion } from "#schema/nearest.ts";
import { quoted } from "#schema/shape-check.ts";
import type { Fleet } from "./fleet.ts";
import { judgeMatches } from "./judge.ts";
import { Matches, type Numbering } from "./matches.ts";
import type { Names } from "./names.ts";
import { NumberedMap } from "./numbered-map.ts";
import type { ParsedFile } from "./parsed-file.ts";
import type { Named, ParsedObjects } from "./parsed-objects.ts";
import { problemAt } from "./parsed-document.ts";
import type { Problem } from "./problem.ts";
import { namedSelector, readingOf, resolveDeployment, settingsOf, type FleetReading } from "./reading.ts";

/** Files come sorted by path. Yields now and then, so that its caller can do something else. */
export function* assemble(files: readonly ParsedFile[], numbering: Numbering): Generator<void, FleetReading> {
  const problems = files.flatMap((file) => file.problems);
  const objects = files.map((file) => file.objects);
  const duplicates =
    (kind: string) =>
    (entry: Named<string, unknown>, earlier: Named<string, unknown>): void => {
      problems.push(duplicateName(entry, earlier, kind));
    };
  const selectors = yield* firstOfEach(
    numbering.selectors,
    objects,
    (one) => one.selectors,
    duplicates("DeviceSelector"),
  );
  const devices = yield* firstOfEach(numbering.devices, objects, (one) => one.devices, duplicates("Device"));
  const entries = yield* firstOfEach(
    numbering.deployments,
    objects,
    (one) => one.deployments,
    duplicates("Deployment"),
  );
  const settings = objects.flatMap((one) => one.settings);
  problems.push(...settings.slice(1).map(secondFleet), ...unknownSelectors(files, selectors));
  yield;
  const deployments = entries.map(
    (entry) => resolveDeployment(entry, (name) => selectors.get(name)?.sound ?? null) ?? undefined,
  );
  const soundDevices = devices.map(({ sound }) => sound ?? undefined);
  const matches = yield* Matches.of(numbering, soundDevices, [...deployments.values()]);
  const fleet: Fleet = {
    ...settingsOf(settings),
    deployments,
    devices: soundDevices,
    selectors: selectors.map(namedSelector),
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

/** By name; each later one of a name is told with the first. */
function* firstOfEach<Name extends string, E extends Named<Name, unknown>>(
  names: Names<Name>,
  objects: readonly ParsedObjects[],
  entriesOf: (objects: ParsedObjects) => readonly E[],
  tellLater: (entry: E, first: E) => void,
): Generator<void, NumberedMap<Name, E>> {
  const first: (E | undefined)[] = [];
  let steps = 0;
  for (const one of objects) {
    for (const entry of entriesOf(one)) {
      const number = names.numberOf(entry.name);
      while (first.length <= number) first.push(undefined);
      const earlier = first[number];
      if (earlier === undefined) first[number] = entry;
      else tellLater(entry, earlier);
    }
    steps += 1 + entriesOf(one).length;
    if (steps < ENTRIES_PER_STEP) continue;
    steps = 0;
    yield;
  }
  return NumberedMap.of(names, first);
}

const ENTRIES_PER_STEP = 2_000;

function duplicateName(entry: Named<string, unknown>, { namePlace }: Named<string, unknown>, kind: string): Problem {
  const at = `${namePlace.file}:${namePlace.line}`;
  const message = `there is already a ${kind} named ${quoted(entry.name)} at ${at}; rename or remove one of them`;
  return problemAt(entry.namePlace, "duplicate-name", message);
}

function secondFleet({ namePlace }: Named<string, unknown>): Problem {
  return problemAt(namePlace, "duplicate-name", "fleet.yaml holds one Fleet; remove this one");
}

function unknownSelectors(files: readonly ParsedFile[], selectors: ReadonlyMap<string, unknown>): Problem[] {
  const unknown = files.flatMap((file) => file.objects.references).filter(({ name }) => !selectors.has(name));
  return unknown.map(({ name, place }) => {
    const hint = suggestion(name, selectors.keys()) || "; add a DeviceSelector of this name below devices/";
    return problemAt(place, "unknown-selector", `there is no DeviceSelector named ${quoted(name)}${hint}`);
  });
}
