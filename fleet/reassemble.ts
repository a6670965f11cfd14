/** A valid fleet and the files that changed → the next fleet, at the cost of the change. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { namedSelector, readingOf, resolveDeployment, settingsOf, type FleetReading } from "./reading.ts";
import { entryChanges, type EntryChange, type FileChange } from "./file-changes.ts";
import type { Deployment, Device, Fleet, NamedSelector } from "./fleet.ts";
import { judgeMatches, staysSound } from "./judge.ts";
import type { DeviceChange } from "./label-index.ts";
import type { NumberedMap } from "./numbered-map.ts";
import type { DeploymentEntry, DeviceEntry, SelectorEntry } from "./parsed-objects.ts";
import { needsReports } from "./reported.ts";
import { FLEET_FILE } from "./snapshot.ts";

/**
 * Null where this is not the way: there is a problem, and all files together have to say what and in which order, or so
 * much changed that to begin anew is cheaper. Yields now and then, so that its caller can do something else.
 */
export function* reassemble(
  before: FleetReading,
  changes: readonly FileChange[],
): Generator<void, FleetReading | null> {
  const { fleet } = before;
  if (fleet === null || changes.some(({ after }) => after !== undefined && after.problems.length > 0)) return null;
  const documents = documentChanges(fleet, changes);
  if (documents === null) return null;
  const { devices, selectors, deployments } = documents;
  yield;
  const { matches, touched } = yield* fleet.matches.with({ devices, deployments });
  const next: Fleet = {
    ...fleet,
    ...settingsAfter(fleet, changes),
    deployments: fleet.deployments.with(deployments.map(({ number, after }) => [number, after] as const)),
    // Every device that a file declares is one.
    devices: matches.devices as NumberedMap<DeviceId, Device>,
    selectors,
    matches,
  };
  yield;
  const counts = { deployments: before.deployments, devices: before.devices };
  for (const change of changes) {
    counts.deployments += (change.after?.counts.Deployment ?? 0) - (change.before?.counts.Deployment ?? 0);
    counts.devices += (change.after?.counts.Device ?? 0) - (change.before?.counts.Device ?? 0);
  }
  if (needsReports(fleet) || needsReports(next)) {
    const failures = yield* judgeMatches(matches, next.settings);
    return failures.some(({ fatal }) => fatal) ? null : readingOf(next, { problems: [], failures, ...counts });
  }
  const sound = yield* staysSound({ before: fleet.matches, after: matches, touched }, next.settings);
  return sound ? readingOf(next, { problems: [], failures: [], ...counts }) : null;
}

/** With more documents that are other ones, to begin anew is cheaper. */
const DOCUMENTS_MAX = 20_000;

interface DocumentChanges {
  readonly devices: readonly DeviceChange<Device>[];
  readonly selectors: NumberedMap<string, NamedSelector>;
  readonly deployments: readonly { readonly number: number; readonly after: Deployment | undefined }[];
}

function documentChanges(fleet: Fleet, changes: readonly FileChange[]): DocumentChanges | null {
  const devices = entryChanges(changes, (objects) => objects.devices);
  const selectors = entryChanges(changes, (objects) => objects.selectors);
  const deployments = entryChanges(changes, (objects) => objects.deployments);
  const settings = changes.flatMap(({ after }) => after?.objects.settings ?? []);
  if (devices === null || selectors === null || deployments === null || settings.length > 1) return null;
  if (devices.size + deployments.size > DOCUMENTS_MAX) return null;
  const isClear =
    isUnclaimed(devices, fleet.devices) &&
    isUnclaimed(selectors, fleet.selectors) &&
    isUnclaimed(deployments, fleet.deployments);
  if (!isClear) return null;
  const nextSelectors = selectorsAfter(fleet, selectors);
  const nextDeployments = deploymentsAfter(fleet, { deployments, changed: selectors, selectors: nextSelectors });
  if (nextDeployments === null) return null;
  return { devices: deviceChanges(fleet, devices), selectors: nextSelectors, deployments: nextDeployments };
}

/** False where a new document takes the name of one in a file that did not change, or is not sound. */
function isUnclaimed<Name extends string, E extends { readonly sound: unknown }>(
  changes: ReadonlyMap<Name, EntryChange<E>>,
  known: NumberedMap<Name, unknown>,
): boolean {
  return [...changes].every(([name, { before, after }]) => {
    return after === undefined || (after.sound !== null && (before !== undefined || !known.has(name)));
  });
}

function deviceChanges(
  { devices, matches }: Fleet,
  changes: ReadonlyMap<DeviceId, EntryChange<DeviceEntry>>,
): DeviceChange<Device>[] {
  return [...changes].map(([name, { after }]) => {
    const number = matches.numbering.devices.numberOf(name);
    return { number, before: devices.at(number), after: after?.sound ?? undefined };
  });
}

function selectorsAfter(
  { selectors }: Fleet,
  changes: ReadonlyMap<string, EntryChange<SelectorEntry>>,
): NumberedMap<string, NamedSelector> {
  return selectors.with(
    [...changes].map(([name, { after }]) => {
      return [selectors.names.numberOf(name), after && namedSelector(after)] as const;
    }),
  );
}

interface ReferenceChanges {
  readonly deployments: ReadonlyMap<DeploymentName, EntryChange<DeploymentEntry>>;
  readonly changed: ReadonlyMap<string, unknown>;
  readonly selectors: NumberedMap<string, NamedSelector>;
}

/** The deployments that are other ones, those of a changed selector included; null where one has no selector. */
function deploymentsAfter(
  fleet: Fleet,
  { deployments, changed, selectors }: ReferenceChanges,
): DocumentChanges["deployments"] | null {
  const found = new Map<number, Deployment | undefined>();
  const { names } = fleet.deployments;
  for (const [name, { after }] of deployments) {
    const deployment = after && resolveDeployment(after, (reference) => selectors.get(reference)?.selector ?? null);
    if (deployment === null) return null;
    found.set(names.numberOf(name), deployment);
  }
  if (changed.size > 0) {
    for (const [number, deployment] of fleet.deployments.items.entries()) {
      const { selectorRef } = deployment;
      if (selectorRef === null || !changed.has(selectorRef) || found.has(number)) continue;
      const selector = selectors.get(selectorRef)?.selector;
      if (selector === undefined) return null;
      found.set(number, { ...deployment, selector });
    }
  }
  return [...found].map(([number, after]) => ({ number, after }));
}

function settingsAfter(fleet: Fleet, changes: readonly FileChange[]): Pick<Fleet, "name" | "settings"> {
  const change = changes.find(({ before, after }) => (after ?? before)?.path === FLEET_FILE);
  if (change === undefined) return { name: fleet.name, settings: fleet.settings };
  return settingsOf(change.after?.objects.settings ?? []);
}
