/** What runs on a device and why, and why not. */
import type { Labels } from "#schema/labels.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { expressionMatches, type LabelSelector, type SelectorExpression } from "#schema/selector.ts";
import { needsReports, withReports, type ReportedDevices } from "./reported.ts";
import type { Deployment, Fleet } from "./fleet.ts";
import type { Place } from "./problem.ts";

/** One condition of a selector, against one device. */
export interface ExplainedCondition {
  /** Such as `role=kiosk` or `site In (berlin, paris)`. */
  readonly condition: string;
  readonly matched: boolean;
  /** The device's label as `site=berlin`, or null where it has none of that key. */
  readonly label: string | null;
}

/** One deployment seen from one device. */
export interface ExplainedDeployment {
  readonly deployment: DeploymentName;
  readonly place: Place;
  /** The DeviceSelector it names, and where that stands. */
  readonly selectorRef: { readonly name: string; readonly place: Place | null } | null;
  readonly runs: boolean;
  readonly because: readonly ExplainedCondition[];
  /** What freezes it as it is. */
  readonly paused: "device" | "deployment" | "fleet" | null;
}

/** Everything about one device. */
export interface Explanation {
  readonly device: DeviceId;
  /** Null where the device has no file. */
  readonly place: Place | null;
  readonly labels: Labels;
  readonly paused: boolean;
  /** By name. */
  readonly deployments: readonly ExplainedDeployment[];
  /** True where labels or devices that only reports know were not looked at. */
  readonly declaredOnly: boolean;
}

/** Null where the fleet knows no such device. */
export function explainDevice(fleet: Fleet, device: DeviceId, reported?: ReportedDevices): Explanation | null {
  const known = withReports(fleet, reported).devices.get(device);
  if (known === undefined) return null;
  const declared = fleet.devices.get(device);
  return {
    device,
    place: declared?.place ?? null,
    labels: known.labels,
    paused: declared?.paused === true,
    deployments: [...fleet.deployments.values()].map((deployment) =>
      explainDeployment(fleet, deployment, device, known.labels),
    ),
    declaredOnly: reported === undefined && needsReports(fleet),
  };
}

function explainDeployment(
  fleet: Fleet,
  deployment: Deployment,
  device: DeviceId,
  labels: Labels,
): ExplainedDeployment {
  const because = conditionsOf(deployment.selector, labels);
  const ref = deployment.selectorRef;
  return {
    deployment: deployment.name,
    place: deployment.place,
    selectorRef: ref === null ? null : { name: ref, place: fleet.selectors.get(ref)?.place ?? null },
    runs: because.every(({ matched }) => matched),
    because,
    paused: pauseOf(fleet, deployment, device),
  };
}

function pauseOf(fleet: Fleet, deployment: Deployment, device: DeviceId): ExplainedDeployment["paused"] {
  if (fleet.settings.paused) return "fleet";
  if (deployment.paused) return "deployment";
  return fleet.devices.get(device)?.paused === true ? "device" : null;
}

function conditionsOf(selector: LabelSelector, labels: Labels): ExplainedCondition[] {
  const label = (key: string): string | null => (labels.has(key) ? `${key}=${labels.get(key) ?? ""}` : null);
  const exact = [...selector.matchLabels].map(([key, value]) => {
    return { condition: `${key}=${value}`, matched: labels.get(key) === value, label: label(key) };
  });
  const others = selector.matchExpressions.map((expression) => {
    return {
      condition: expressionText(expression),
      matched: expressionMatches(expression, labels),
      label: label(expression.key),
    };
  });
  return [...exact, ...others];
}

function expressionText(expression: SelectorExpression): string {
  const { key, operator } = expression;
  return "values" in expression ? `${key} ${operator} (${expression.values.join(", ")})` : `${key} ${operator}`;
}
