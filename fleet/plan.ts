/** What changes: desired against desired, or desired against what a bucket holds. A plan is data. */
import { parseDesiredKey, type DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { compareBytes } from "./byte-order.ts";
import { desiredState, wantedState, type DesiredState } from "./desired.ts";
import type { Fleet } from "./fleet.ts";
import type { Warning } from "./problem.ts";

/** One key that changes. `before` and `after` are canonical JSON texts. */
export type Change =
  | { readonly action: "add"; readonly device: DeviceId; readonly deployment: DeploymentName; readonly after: string }
  | {
      readonly action: "update";
      readonly device: DeviceId;
      readonly deployment: DeploymentName;
      readonly before: string;
      readonly after: string;
    }
  | {
      readonly action: "remove";
      readonly device: DeviceId;
      readonly deployment: DeploymentName;
      readonly before: string;
    };

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
  const current = new Map<string, string>();
  if (base !== null) for (const [key, value] of wantedState(base)) current.set(key, value.text);
  return planAgainst(current, head === null ? NOTHING : desiredState(head));
}

/** What a pass would write, against the keys and values that the bucket holds. Frozen pairs and foreign keys are left out. */
export function planAgainst(current: ReadonlyMap<string, string>, desired: DesiredState): Plan {
  const changes: Change[] = [];
  for (const { key, device, deployment, text: after } of desired.values.values()) {
    const before = current.get(key);
    if (before === undefined) changes.push({ action: "add", device, deployment, after });
    else if (before !== after) changes.push({ action: "update", device, deployment, before, after });
  }
  for (const [key, before] of current) {
    if (desired.values.has(key)) continue;
    const pair = parseDesiredKey(key);
    if (pair !== null && !desired.isFrozen(pair)) changes.push({ action: "remove", ...pair, before });
  }
  return planOf(changes, desired.warnings);
}

const NOTHING: DesiredState = { values: new Map(), isFrozen: () => false, withheld: new Map(), warnings: [] };

function planOf(changes: Change[], warnings: readonly Warning[]): Plan {
  const count = (action: Change["action"]): number => changes.filter((change) => change.action === action).length;
  return {
    added: count("add"),
    updated: count("update"),
    removed: count("remove"),
    changes: changes.toSorted(comparePairs),
    warnings,
  };
}

/** By device, then deployment. */
export function comparePairs(a: DevicePair, b: DevicePair): number {
  return compareBytes(a.device, b.device) || compareBytes(a.deployment, b.deployment);
}
