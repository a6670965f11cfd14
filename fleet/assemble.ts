/** Checked files → a fleet, or every problem: names that clash, references that lead nowhere, and rules of devices. */
import { suggestion } from "#schema/nearest.ts";
import { quoted } from "#schema/shape-check.ts";
import type { LabelSelector } from "#schema/selector.ts";
import type { DeviceId } from "#schema/names.ts";
import {
  DEFAULT_FLEET_NAME,
  DEFAULT_SETTINGS,
  type Deployment,
  type Device,
  type Fleet,
  type FleetSettings,
  type NamedSelector,
} from "./fleet.ts";
import { judgeMatches } from "./judge.ts";
import { Matches, type Numbering } from "./matches.ts";
import { NumberedMap } from "./numbered-map.ts";
import type { ParsedFile } from "./parsed-file.ts";
import type { DeploymentEntry, DeviceEntry, Named, ParsedObjects, SelectorEntry } from "./parsed-objects.ts";
import { problemAt } from "./parsed-document.ts";
import type { Problem, Warning } from "./problem.ts";
import type { FleetReading } from "./read.ts";
import { comparePlaces, failureProblem, type RuleFailure } from "./rule-failure.ts";

/** Files come sorted by path. Yields now and then, so that its caller can do something else. */
export function* assemble(files: readonly ParsedFile[], numbering: Numbering): Generator<void, FleetReading> {
  const problems = files.flatMap((file) => file.problems);
  const objects = files.map((file) => file.objects);
  const selectors = yield* firstOfEach(objects, ({ selectors: found }) => found, { kind: "DeviceSelector", problems });
  const devices = yield* firstOfEach(objects, ({ devices: found }) => found, { kind: "Device", problems });
  const entries = yield* firstOfEach(objects, ({ deployments: found }) => found, { kind: "Deployment", problems });
  const { name, settings } = settingsOf(files, problems);
  problems.push(...unknownSelectors(files, selectors));
  const deployments = [...entries.values()].flatMap((entry) => resolveDeployment(entry, selectors) ?? []);
  const soundDevices = yield* NumberedMap.of(numbering.devices, soundOnes(devices.values()));
  const matches = yield* Matches.of(numbering, soundDevices, deployments);
  const failures = yield* judgeMatches(matches, settings);
  problems.push(...failures.filter(({ fatal }) => fatal).map(failureProblem));
  const fleet =
    problems.length > 0
      ? null
      : yield* fleetOf({ name, settings, deployments, devices: soundDevices, selectors, matches });
  return {
    fleet,
    problems: problems.toSorted(comparePlaces),
    warnings: failures.filter(({ fatal }) => !fatal).map(withheldWarning),
    deployments: files.reduce((sum, { counts }) => sum + counts.Deployment, 0),
    devices: files.reduce((sum, { counts }) => sum + counts.Device, 0),
  };
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

function* soundOnes(entries: Iterable<DeviceEntry>): Generator<readonly [DeviceId, Device], undefined> {
  for (const { name, sound } of entries) if (sound !== null) yield [name, sound];
}

function settingsOf(files: readonly ParsedFile[], problems: Problem[]): { name: string; settings: FleetSettings } {
  const [first, ...more] = files.flatMap((file) => file.objects.settings);
  for (const { namePlace } of more) {
    problems.push(problemAt(namePlace, "duplicate-name", "fleet.yaml holds one Fleet; remove this one"));
  }
  return { name: first?.name ?? DEFAULT_FLEET_NAME, settings: first?.sound ?? DEFAULT_SETTINGS };
}

function unknownSelectors(files: readonly ParsedFile[], selectors: ReadonlyMap<string, unknown>): Problem[] {
  const unknown = files.flatMap((file) => file.objects.references).filter(({ name }) => !selectors.has(name));
  return unknown.map(({ name, place }) => {
    const hint = suggestion(name, selectors.keys()) || "; add a DeviceSelector of this name below devices/";
    return problemAt(place, "unknown-selector", `there is no DeviceSelector named ${quoted(name)}${hint}`);
  });
}

/** The deployment with its selector; null where a problem keeps it from having one. */
function resolveDeployment(entry: DeploymentEntry, selectors: ReadonlyMap<string, SelectorEntry>): Deployment | null {
  const { sound, reference } = entry;
  if (sound === null) return null;
  // With both, the selector of its own says what is left to check.
  if (sound.selector !== null) return withSelector(sound.own, sound.selector, null);
  const selector = reference === null ? null : (selectors.get(reference.name)?.sound ?? null);
  return selector === null ? null : withSelector(sound.own, selector, reference?.name ?? null);
}

const resolved = new WeakMap<object, Deployment>();

/** One object for as long as nothing about it changes, so that what is made from it can be kept. */
function withSelector(
  own: Omit<Deployment, "selector" | "selectorRef">,
  selector: LabelSelector,
  selectorRef: string | null,
): Deployment {
  const before = resolved.get(own);
  if (before?.selector === selector) return before;
  const deployment = { ...own, selector, selectorRef };
  resolved.set(own, deployment);
  return deployment;
}

interface FleetParts extends Pick<Fleet, "name" | "settings" | "devices" | "matches"> {
  readonly deployments: readonly Deployment[];
  readonly selectors: ReadonlyMap<string, SelectorEntry>;
}

function* fleetOf({ deployments, selectors, ...rest }: FleetParts): Generator<void, Fleet> {
  const { numbering } = rest.matches;
  const named = [...selectors.values()].flatMap(namedSelector);
  return {
    ...rest,
    deployments: yield* NumberedMap.of(
      numbering.deployments,
      deployments.map((one) => [one.name, one] as const),
    ),
    selectors: yield* NumberedMap.of(
      numbering.selectors,
      named.map((one) => [one.name, one] as const),
    ),
  };
}

function namedSelector({ name, sound, place }: SelectorEntry): NamedSelector[] {
  return sound === null ? [] : [{ name, selector: sound, place }];
}

function withheldWarning(failure: RuleFailure): Warning {
  const { file, line, message } = failureProblem(failure);
  return { code: "withheld", message: `${file}:${line}: ${message}; these devices keep what they run` };
}
