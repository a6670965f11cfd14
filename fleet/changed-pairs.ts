/** Where the values of pairs differ between two states, at the cost of the blocks that are not the same. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { sameLabels } from "./label-index.ts";
import type { Numbering } from "./matches.ts";
import { NumberSet } from "./number-set.ts";
import { PairValues, type PairBlock, type Sight } from "./pair-values.ts";
import { finished } from "./steps.ts";
import type { RenderedValue } from "./rendered-score.ts";

/** One pair that has another value, or has one in one of the states only. */
export interface ChangedPair {
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly before: RenderedValue | null;
  readonly after: RenderedValue | null;
}

/** A block that is not the same in both states, and its devices that differ, by number. */
export type ChangedBlock = ChangedDevices &
  (
    | { readonly before: PairBlock; readonly after: PairBlock }
    | { readonly before: PairBlock; readonly after: null }
    | { readonly before: null; readonly after: PairBlock }
  );

/** Devices by number; for reading only. */
export type DeviceNumbers = readonly number[] | Uint32Array;

interface ChangedDevices {
  readonly added: DeviceNumbers;
  readonly removed: DeviceNumbers;
  /** With a value in both states, and not the same. */
  readonly updated: DeviceNumbers;
}

/** The pairs that differ, in no order that means anything. */
export function* changedPairs(before: PairValues, after: PairValues): Generator<ChangedPair, undefined> {
  for (const block of changedBlocks(before, after)) {
    const { deployment, matches } = block.after ?? block.before;
    for (const number of [...block.removed, ...block.added, ...block.updated]) {
      const device = matches.numbering.devices.nameOf(number);
      const old = block.before?.has(number) === true ? block.before.valueOn(number) : null;
      const young = block.after?.has(number) === true ? block.after.valueOn(number) : null;
      yield { device, deployment, before: old, after: young };
    }
  }
}

/**
 * The blocks that differ. What is the same match in both is not looked into; where only one of the states looks as if
 * nothing was paused, that leaves out pairs that are paused in the other.
 */
export function* changedBlocks(before: PairValues, after: PairValues): Generator<ChangedBlock, undefined> {
  const earlier = numberedAs(before, after.matches.numbering);
  for (const number of differingDeployments(earlier, after)) {
    const changed = changedBlock(earlier.blockAt(number), after.blockAt(number));
    if (changed !== null) yield changed;
  }
}

/** States that were read apart from each other number things differently: then one is made again, in the numbers of the other. */
export function numberedAs(values: PairValues, numbering: Numbering): PairValues {
  const { matches, sight } = values;
  if (matches.numbering === numbering) return values;
  const again = finished(matches.renumbered(numbering));
  const withheld = [...sight.withheld].map((number) =>
    numbering.devices.numberOf(matches.numbering.devices.nameOf(number)),
  );
  return new PairValues(again, { ...sight, withheld: NumberSet.of(withheld.toSorted((a, b) => a - b)) });
}

/** The numbers of the deployments whose blocks may differ: all of them where the states are not looked at alike. */
export function differingDeployments(before: PairValues, after: PairValues): Iterable<number> {
  const [old, young] = [before.matches.deployments, after.matches.deployments];
  if (sameSight(before.sight, after.sight)) return old.differing(young);
  return new Set([...old.entries(), ...young.entries()].map(([number]) => number));
}

function sameSight(a: Sight, b: Sight): boolean {
  const nobodyWithheld = a.withheld.size + b.withheld.size === 0;
  return nobodyWithheld && a.tag === b.tag && (a.devices === "none") === (b.devices === "none");
}

function changedBlock(before: PairBlock | null, after: PairBlock | null): ChangedBlock | null {
  if (before === null) return after && { before, after, removed: [], added: after.devices.toArray(), updated: [] };
  if (after === null) return { before, after, removed: before.devices.toArray(), added: [], updated: [] };
  const [added, removed]: [number[], number[]] = [[], []];
  before.devices.compare(after.devices, (number, where) => (where === "after" ? added : removed).push(number));
  const updated = updatedDevices(before, after);
  return added.length + removed.length + updated.length === 0 ? null : { before, after, added, removed, updated };
}

function updatedDevices(before: PairBlock, after: PairBlock): DeviceNumbers {
  if (before.shared !== null && after.shared !== null) {
    if (before.renderer === after.renderer) return [];
    return before.shared.text === after.shared.text ? [] : inBoth(before.devices, after.devices);
  }
  return inBoth(before.devices, after.devices).filter((number) => {
    if (before.renderer === after.renderer && isAlike(before, after, number)) return false;
    return before.valueOn(number).text !== after.valueOn(number).text;
  });
}

function isAlike(before: PairBlock, after: PairBlock, number: number): boolean {
  const [old, young] = [before.matches.devices.at(number), after.matches.devices.at(number)];
  return old !== undefined && young !== undefined && sameLabels(old.labels, young.labels);
}

function inBoth(a: NumberSet, b: NumberSet): Uint32Array {
  return a === b ? a.toArray() : a.toArray().filter((number) => b.has(number));
}
