/** Changed blocks as changes of single keys, sorted by device, then deployment. */
import { comparePairs, type Change } from "./change.ts";
import type { ChangedBlock } from "./changed-pairs.ts";
import { changeOn, OrderedChanges, type Batch, type ChangeList } from "./ordered-changes.ts";
import type { PairBlock } from "./pair-values.ts";

/** All changes, and how many there are of each kind. */
export interface CountedChanges {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  readonly changes: ChangeList;
}

/** So many changes are sorted soonest by asking of two which comes first. */
const COMPARED_MAX = 5_000;

/** Blocks of one numbering. Above `comparedMax` changes are made when they are asked for, and put in order by counting. */
export function sortedChanges(blocks: Iterable<ChangedBlock>, comparedMax = COMPARED_MAX): CountedChanges {
  const byName = [...blocks].toSorted((a, b) => (sideOf(a).deployment < sideOf(b).deployment ? -1 : 1));
  const batches = byName.flatMap(batchesOf);
  const count = (action: Change["action"]): number =>
    batches.reduce((sum, batch) => sum + (batch.action === action ? batch.numbers.length : 0), 0);
  const [added, updated, removed] = [count("add"), count("update"), count("remove")];
  const changes =
    byName[0] === undefined || added + updated + removed <= comparedMax
      ? batches
          .flatMap((batch) => Array.from(batch.numbers, (number) => changeOn(batch, number)))
          .toSorted(comparePairs)
      : new OrderedChanges(batches, sideOf(byName[0]).matches.numbering.devices);
  return { added, updated, removed, changes };
}

function batchesOf({ before, after, added, removed, updated }: ChangedBlock): Batch[] {
  const batches: Batch[] = [];
  if (before !== null && removed.length > 0) batches.push({ action: "remove", numbers: removed, before });
  if (after === null) return batches;
  if (added.length > 0) batches.push({ action: "add", numbers: added, after });
  if (before !== null && updated.length > 0) batches.push({ action: "update", numbers: updated, before, after });
  return batches;
}

function sideOf({ before, after }: ChangedBlock): PairBlock {
  return after ?? before;
}
