/** Checked files → a fleet, or every problem: names that clash, references that lead nowhere, and rules of devices. */
import { suggestion } from "#schema/nearest.ts";
import { quoted } from "#schema/shape-check.ts";
import type { LabelSelector } from "#schema/selector.ts";
import { DeviceIndex } from "./device-index.ts";
import { comparePlaces, failureProblem, judgeDevices, type RuleFailure } from "./device-rules.ts";
import {
  DEFAULT_FLEET_NAME,
  DEFAULT_SETTINGS,
  type Deployment,
  type Device,
  type Fleet,
  type FleetSettings,
  type NamedSelector,
} from "./fleet.ts";
import type { ParsedFile } from "./parsed-file.ts";
import type { DeploymentEntry, Named, SelectorEntry } from "./parsed-objects.ts";
import { problemAt } from "./parsed-document.ts";
import type { Problem, Warning } from "./problem.ts";
import type { FleetReading } from "./read.ts";

/** Files come sorted by path. */
export function assemble(files: readonly ParsedFile[]): FleetReading {
  const problems = files.flatMap((file) => file.problems);
  const selectors = firstOfEach(
    files.flatMap((file) => file.objects.selectors),
    "DeviceSelector",
    problems,
  );
  const devices = firstOfEach(
    files.flatMap((file) => file.objects.devices),
    "Device",
    problems,
  );
  const entries = firstOfEach(
    files.flatMap((file) => file.objects.deployments),
    "Deployment",
    problems,
  );
  const { name, settings } = settingsOf(files, problems);
  problems.push(...unknownSelectors(files, selectors));
  const deployments = [...entries.values()].flatMap((entry) => resolveDeployment(entry, selectors) ?? []);
  const index = new DeviceIndex([...devices.values()].flatMap((device) => device.sound ?? []));
  const failures = judgeDevices(deployments, index, settings);
  problems.push(...failures.filter(({ fatal }) => fatal).map(failureProblem));
  return {
    fleet: problems.length > 0 ? null : fleetOf(name, settings, deployments, index, selectors),
    problems: problems.toSorted(comparePlaces),
    warnings: failures.filter(({ fatal }) => !fatal).map(withheldWarning),
    deployments: files.reduce((sum, { counts }) => sum + counts.Deployment, 0),
    devices: files.reduce((sum, { counts }) => sum + counts.Device, 0),
  };
}

/** By name; each later one of a name is a problem where it stands. */
function firstOfEach<E extends Named<string, unknown>>(
  entries: E[],
  kind: string,
  problems: Problem[],
): Map<string, E> {
  const first = new Map<string, E>();
  for (const entry of entries) {
    const earlier = first.get(entry.name);
    if (earlier === undefined) first.set(entry.name, entry);
    else {
      const at = `${earlier.namePlace.file}:${earlier.namePlace.line}`;
      const message = `there is already a ${kind} named ${quoted(entry.name)} at ${at}; rename or remove one of them`;
      problems.push(problemAt(entry.namePlace, "duplicate-name", message));
    }
  }
  return first;
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

function fleetOf(
  name: string,
  settings: FleetSettings,
  deployments: readonly Deployment[],
  index: DeviceIndex<Device>,
  selectors: ReadonlyMap<string, SelectorEntry>,
): Fleet {
  return {
    name,
    settings,
    deployments: new Map(byName(deployments, ({ name: key }) => key)),
    devices: new Map(index.devices.map((device) => [device.id, device])),
    selectors: new Map(byName([...selectors.values()].flatMap(namedSelector), ({ name: key }) => key)),
  };
}

function namedSelector({ name, sound, place }: SelectorEntry): NamedSelector[] {
  return sound === null ? [] : [{ name, selector: sound, place }];
}

function byName<T, K extends string>(items: readonly T[], name: (item: T) => K): [K, T][] {
  return items.map((item): [K, T] => [name(item), item]).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function withheldWarning(failure: RuleFailure): Warning {
  const { file, line, message } = failureProblem(failure);
  return { code: "withheld", message: `${file}:${line}: ${message}; these devices keep what they run` };
}
