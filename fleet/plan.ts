/** What changes: desired against desired, or desired against what a bucket holds. A plan is data. */
import { desiredKey, parseDesiredKey } from "#schema/keys.ts";
import { Addition, comparePairs, Removal, Update, type Change } from "./change.ts";
import { changedBlocks, type ChangedBlock } from "./changed-pairs.ts";
import { desiredState, wantedState, type DesiredState } from "./desired.ts";
import type { Fleet } from "./fleet.ts";
import type { ChangeList } from "./ordered-changes.ts";
import { PairValues } from "./pair-values.ts";
import type { Warning } from "./problem.ts";
import { sortedChanges } from "./sorted-changes.ts";

export type { Change } from "./change.ts";

/** Everything that changes, sorted by device, then deployment. */
export interface Plan {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  readonly changes: ChangeList;
  readonly warnings: readonly Warning[];
}

/**
 * What going from one commit to another changes, for declared devices. Pairs frozen in head are left out; base is taken
 * as if nothing was paused, so that a pause is never shown as a removal. Null stands for a commit without a fleet.
 */
export function planBetween(base: Fleet | null, head: Fleet | null): Plan {
  if (head === null) {
    const gone = base === null ? [] : changedBlocks(wantedState(base), nothingOf(wantedState(base)));
    return { ...sortedChanges(gone), warnings: [] };
  }
  const desired = desiredState(head);
  const { pairs, warnings } = desired;
  const blocks = changedBlocks(base === null ? nothingOf(pairs) : wantedState(base), pairs);
  return { ...sortedChanges(withoutFrozen(blocks, desired)), warnings };
}

/** What a pass would write, against the keys and values that the bucket holds. Frozen pairs and foreign keys are left out. */
export function planAgainst(current: ReadonlyMap<string, string>, desired: DesiredState): Plan {
  const changes: Change[] = [];
  for (const block of desired.blocks()) {
    block.devices.forEach((number) => {
      const before = current.get(desiredKey({ device: block.deviceAt(number), deployment: block.deployment }));
      if (before === undefined) changes.push(new Addition(number, block));
      else if (before !== block.valueOn(number).text) changes.push(new Update(number, before, block));
    });
  }
  for (const [key, before] of current) {
    const pair = parseDesiredKey(key);
    if (pair === null || desired.get(pair) !== undefined || desired.isFrozen(pair)) continue;
    changes.push(new Removal(pair, before));
  }
  const count = (action: Change["action"]): number => changes.filter((change) => change.action === action).length;
  const counts = { added: count("add"), updated: count("update"), removed: count("remove") };
  return { ...counts, changes: changes.toSorted(comparePairs), warnings: desired.warnings };
}

/** What is frozen has no value, and is not removed for that. */
function* withoutFrozen(blocks: Iterable<ChangedBlock>, head: DesiredState): Generator<ChangedBlock, undefined> {
  for (const block of blocks) {
    const { deployment } = block.after ?? block.before;
    const names = head.pairs.matches.numbering.devices;
    const removed = block.removed.filter((number) => !head.isFrozen({ device: names.nameOf(number), deployment }));
    yield { ...block, removed };
  }
}

/** The same numbers, and no pair that has a value. */
function nothingOf({ matches, sight }: PairValues): PairValues {
  return new PairValues(matches, { ...sight, devices: "none" });
}
