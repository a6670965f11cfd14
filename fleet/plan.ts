/** What changes: desired against desired, or desired against what a bucket holds. A plan is data. */
import { desiredKey, parseDesiredKey } from "#schema/keys.ts";
import { Addition, comparePairs, Removal, Update, type Change } from "./change.ts";
import { changedBlocks } from "./changed-pairs.ts";
import { desiredState, wantedState, type DesiredState } from "./desired.ts";
import type { Fleet } from "./fleet.ts";
import { PairValues } from "./pair-values.ts";
import type { Warning } from "./problem.ts";
import { sortedChanges } from "./sorted-changes.ts";

export type { Change } from "./change.ts";

/** Everything that changes, sorted by device, then deployment. */
export interface Plan {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  readonly changes: readonly Change[];
  readonly warnings: readonly Warning[];
}

/**
 * What going from one commit to another changes, for declared devices. Pairs frozen in head are left out; base is taken
 * as if nothing was paused, so that a pause is never shown as a removal. Null stands for a commit without a fleet.
 */
export function planBetween(base: Fleet | null, head: Fleet | null): Plan {
  if (head === null) return planOf(base === null ? [] : removalsOf(wantedState(base)), []);
  const desired = desiredState(head);
  if (head.settings.paused) return planOf([], desired.warnings);
  const from = base === null ? nothingOf(desired.pairs) : wantedState(base);
  return planOf(sortedChanges(changedBlocks(from, desired.pairs), desired), desired.warnings);
}

/** What a pass would write, against the keys and values that the bucket holds. Frozen pairs and foreign keys are left out. */
export function planAgainst(current: ReadonlyMap<string, string>, desired: DesiredState): Plan {
  const changes: Change[] = [];
  for (const block of desired.blocks()) {
    const { deployment } = block;
    block.forEach((device, value) => {
      const before = current.get(desiredKey({ device, deployment }));
      if (before === undefined) changes.push(new Addition({ device, deployment }, value));
      else if (before !== value.text) changes.push(new Update({ device, deployment }, { text: before }, value));
    });
  }
  for (const [key, before] of current) {
    const pair = parseDesiredKey(key);
    if (pair === null || desired.get(pair) !== undefined || desired.isFrozen(pair)) continue;
    changes.push(new Removal(pair, { text: before }));
  }
  return planOf(changes.toSorted(comparePairs), desired.warnings);
}

function planOf(changes: Change[], warnings: readonly Warning[]): Plan {
  const counts = { add: 0, update: 0, remove: 0 };
  for (const { action } of changes) counts[action] += 1;
  return { added: counts.add, updated: counts.update, removed: counts.remove, changes, warnings };
}

/** The same numbers, and no pair that has a value. */
function nothingOf({ matches, sight }: PairValues): PairValues {
  return new PairValues(matches, { ...sight, devices: "none" });
}

function removalsOf(values: PairValues): Change[] {
  return sortedChanges(changedBlocks(values, nothingOf(values)), null);
}
