/** What runs on a device and why, and why not. */
import type { Labels } from "#schema/labels.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { ReportedDevices } from "./desired.ts";
import type { Fleet } from "./fleet.ts";
import type { Place } from "./problem.ts";

/** One deployment seen from one device. */
export interface ExplainedDeployment {
  readonly deployment: DeploymentName;
  readonly place: Place;
  readonly selectorRef: string | null;
  readonly runs: boolean;
  /** One condition of the selector each, such as `role=kiosk` or `site In (berlin, paris)`. */
  readonly because: readonly { readonly condition: string; readonly matched: boolean; readonly label: string | null }[];
  /** `device`, `deployment` or `fleet` where a pause freezes it as it is. */
  readonly paused: "device" | "deployment" | "fleet" | null;
}

/** Everything about one device. */
export interface Explanation {
  readonly device: DeviceId;
  /** Null where the device has no file. */
  readonly place: Place | null;
  readonly labels: Labels;
  readonly paused: boolean;
  readonly deployments: readonly ExplainedDeployment[];
}

/** Null where the fleet knows no such device. */
export declare function explainDevice(fleet: Fleet, device: DeviceId, reported?: ReportedDevices): Explanation | null;
export declare function explanationText(explanation: Explanation): string;
