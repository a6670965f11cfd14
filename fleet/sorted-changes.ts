/** Changed blocks as changes of single keys, sorted by device, then deployment. */
import { Addition, comparePairs, Removal, Update, type Change } from "./change.ts";
import type { ChangedBlock, DeviceNumbers } from "./changed-pairs.ts";
import type { Names } from "./names.ts";
import type { PairBlock } from "./pair-values.ts";

/** Changes of one kind to one deployment, and the numbers of their devices. */
interface Batch {
  readonly action: Change["action"];
  readonly numbers: DeviceNumbers;
  readonly change: (number: number) => Change;
}

/** All changes, and how many there are of each kind. */
export interface CountedChanges {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  readonly changes: readonly Change[];
}

/** Blocks of one numbering. */
export function sortedChanges(blocks: Iterable<ChangedBlock>): CountedChanges {
  const byName = [...blocks].toSorted((a, b) => (sideOf(a).deployment < sideOf(b).deployment ? -1 : 1));
  const batches = byName.flatMap(batchesOf);
  const count = (action: Change["action"]): number =>
    batches.reduce((sum, batch) => sum + (batch.action === action ? batch.numbers.length : 0), 0);
  const [added, updated, removed] = [count("add"), count("update"), count("remove")];
  const changes =
    byName[0] === undefined || added + updated + removed < SORTED_MAX
      ? batches.flatMap(({ numbers, change }) => Array.from(numbers, change)).toSorted(comparePairs)
      : inOrderOfDevices(batches, sideOf(byName[0]).matches.numbering.devices);
  return { added, updated, removed, changes };
}

/** So many changes are sorted soonest by asking of two which comes first. */
const SORTED_MAX = 5_000;

function batchesOf({ before, after, added, removed, updated }: ChangedBlock): Batch[] {
  const batches: Batch[] = [];
  if (before !== null && removed.length > 0)
    batches.push({ action: "remove", numbers: removed, change: removal(before) });
  if (after === null) return batches;
  if (added.length > 0) {
    batches.push({ action: "add", numbers: added, change: (number) => new Addition(number, after) });
  }
  if (before !== null && updated.length > 0) {
    batches.push({ action: "update", numbers: updated, change: (number) => new Update(number, before, after) });
  }
  return batches;
}

function removal(before: PairBlock): Batch["change"] {
  const { deployment } = before;
  return (number) => new Removal({ device: before.deviceAt(number), deployment }, before.valueOn(number));
}

/** Without comparing changes: each has its place behind those of the devices before its own. Batches come by name. */
function inOrderOfDevices(batches: readonly Batch[], names: Names): Change[] {
  const starts = new Uint32Array(names.size);
  for (const { numbers } of batches) for (const number of numbers) starts[number] = (starts[number] ?? 0) + 1;
  const order: number[] = [];
  for (let number = 0; number < starts.length; number += 1) if (starts[number] !== 0) order.push(number);
  const sorted = order.toSorted((a, b) => (names.nameOf(a) < names.nameOf(b) ? -1 : 1));
  let total = 0;
  for (const number of sorted) {
    const count = starts[number] ?? 0;
    starts[number] = total;
    total += count;
  }
  const batchAt = new Uint32Array(total);
  for (const [index, { numbers }] of batches.entries()) {
    for (const number of numbers) {
      const at = starts[number] ?? 0;
      batchAt[at] = index;
      starts[number] = at + 1;
    }
  }
  const changes: Change[] = [];
  for (const number of sorted) {
    // By now each start stands where those of the next device begin.
    for (const end = starts[number] ?? 0; changes.length < end;) {
      const batch = batches[batchAt[changes.length] ?? 0];
      if (batch === undefined) throw new Error("a change belongs to no batch");
      changes.push(batch.change(number));
    }
  }
  return changes;
}

function sideOf({ before, after }: ChangedBlock): PairBlock {
  return after ?? before;
}
