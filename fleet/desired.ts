/** What every device should run: each deployment on each device it selects, as it stands on the wire. */
import type { DevicePair } from "#schema/keys.ts";
import type { Labels } from "#schema/labels.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { Fleet } from "./fleet.ts";
import type { Warning } from "./problem.ts";

/** One deployment on one device. */
export interface DesiredValue {
  /** The key in `desired-state`. */
  readonly key: string;
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  /** Canonical JSON. */
  readonly text: string;
  /** Of the text as UTF-8. */
  readonly digest: string;
}

/** The whole desired state of one fleet. */
export interface DesiredState {
  /** By key, sorted by the bytes of the key. Frozen pairs are left out. */
  readonly values: ReadonlyMap<string, DesiredValue>;
  /** True for what is neither written, repaired nor deleted: a paused device, deployment or fleet, or a withheld device. */
  isFrozen(pair: DevicePair): boolean;
  /** Devices that fail a rule and keep their keys as they are (with reported labels only), and why. */
  readonly withheld: ReadonlyMap<DeviceId, string>;
  readonly warnings: readonly Warning[];
}

/** The labels that devices said about themselves, for `admission: reported` and `reportedLabels`. */
export type ReportedDevices = ReadonlyMap<DeviceId, Labels>;

/** True where the desired state depends on what devices report: then nothing may be decided without the device-info feed. */
export function needsReports(fleet: Fleet): boolean {
  return fleet.settings.admission === "reported" || fleet.settings.reportedLabels.length > 0;
}

/** The desired state of a fleet; without `reported` it covers declared devices and their own labels. Deterministic. */
export declare function desiredState(fleet: Fleet, reported?: ReportedDevices): DesiredState;
