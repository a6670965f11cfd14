/** What changes: desired against desired, or desired against what a bucket holds. A plan is data. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DesiredState } from "./desired.ts";
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

/** One field that differs between two values; the path is such as `services[web].image`. */
export interface FieldDiff {
  readonly path: string;
  /** Shown text, or null where the field is not there. Values that look secret are masked. */
  readonly before: string | null;
  readonly after: string | null;
}

/** One change of one deployment, and all devices it is the same for. */
export interface DistinctChange {
  readonly action: Change["action"];
  readonly deployment: DeploymentName;
  readonly devices: readonly DeviceId[];
  /** Empty for removals. */
  readonly fields: readonly FieldDiff[];
}

/** What going from one commit to another changes. Pairs frozen in head are left out; base is taken as if nothing was paused. */
export declare function planBetween(base: Fleet | null, head: Fleet | null): Plan;

/** What a pass would write, against the keys and values that the bucket holds. Frozen pairs and foreign keys are left out. */
export declare function planAgainst(current: ReadonlyMap<string, string>, desired: DesiredState): Plan;

/** Each distinct field diff once, with the devices it applies to; by deployment. */
export declare function distinctChanges(plan: Plan): DistinctChange[];
