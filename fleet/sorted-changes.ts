/** Changed blocks as changes of single keys, sorted by device, then deployment, without sorting all of them. */
import { Addition, Removal, Update, type Change } from "./change.ts";
import type { ChangedBlock } from "./changed-pairs.ts";
import type { DesiredState } from "./desired.ts";

/** Leaves out removals of what is frozen in `head`. */
export function sortedChanges(blocks: Iterable<ChangedBlock>, head: DesiredState | null): Change[] {
  const byName = [...blocks].toSorted((a, b) => (deploymentOf(a) < deploymentOf(b) ? -1 : 1));
  const found = new Map<number, Change[]>();
  const add = (device: number, change: Change): void => {
    const changes = found.get(device);
    if (changes === undefined) found.set(device, [change]);
    else changes.push(change);
  };
  for (const block of byName) tellChanges(block, head, add);
  const names = byName[0] === undefined ? null : (byName[0].after ?? byName[0].before).matches.numbering.devices;
  const nameOf = (number: number): string => names?.nameOf(number) ?? "";
  return [...found].toSorted(([a], [b]) => (nameOf(a) < nameOf(b) ? -1 : 1)).flatMap(([, changes]) => changes);
}

function tellChanges(
  { before, after, added, removed, updated }: ChangedBlock,
  head: DesiredState | null,
  tell: (device: number, change: Change) => void,
): void {
  if (before !== null) {
    for (const number of removed) {
      const pair = { device: before.deviceAt(number), deployment: before.deployment };
      if (head?.isFrozen(pair) !== true) tell(number, new Removal(pair, before.valueOn(number)));
    }
  }
  if (after === null) return;
  for (const number of added) {
    const pair = { device: after.deviceAt(number), deployment: after.deployment };
    tell(number, new Addition(pair, after.valueOn(number)));
  }
  if (before === null) return;
  for (const number of updated) {
    const pair = { device: after.deviceAt(number), deployment: after.deployment };
    tell(number, new Update(pair, before.valueOn(number), after.valueOn(number)));
  }
}

function deploymentOf({ before, after }: ChangedBlock): string {
  return (after ?? before).deployment;
}
