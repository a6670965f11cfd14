/** What every device should run: each deployment on each device it selects, as it stands on the wire. */
import { desiredKey, type DevicePair } from "#schema/keys.ts";
import { labelValueFault, type Labels } from "#schema/labels.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { DeviceIndex } from "./device-index.ts";
import { failureProblem, judgeDevices, type RuleFailure } from "./device-rules.ts";
import type { Deployment, Device, Fleet } from "./fleet.ts";
import { pauseWarnings } from "./pauses.ts";
import type { Warning } from "./problem.ts";
import { rendererOf, type RenderedValue } from "./rendered-score.ts";
import type { LabelledDevice } from "./template.ts";

/** One deployment on one device. */
export class DesiredValue {
  /** The key in `desired-state`. */
  readonly key: string;
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #value: RenderedValue;

  constructor({ device, deployment }: DevicePair, value: RenderedValue) {
    this.key = desiredKey({ device, deployment });
    this.device = device;
    this.deployment = deployment;
    this.#value = value;
  }

  /** Canonical JSON. */
  get text(): string {
    return this.#value.text;
  }

  /** Of the text as UTF-8. */
  get digest(): string {
    return this.#value.digest;
  }
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
export function desiredState(fleet: Fleet, reported?: ReportedDevices): DesiredState {
  const index = deviceIndex(fleet, reported);
  const withheld = withheldDevices(fleet, index);
  const isFrozen = freezer(fleet, withheld);
  const found: DesiredValue[] = [];
  for (const { device, deployment } of matchedPairs(fleet, index)) {
    if (isFrozen({ device: device.id, deployment: deployment.name })) continue;
    const value = desiredValue(fleet, deployment, device);
    if (value !== null) found.push(value);
  }
  const values = new Map(found.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((value) => [value.key, value]));
  return {
    values,
    isFrozen,
    withheld,
    warnings: [...warningsOf(fleet, withheld), ...coverageWarnings(fleet, reported)],
  };
}

/** The same, as if nothing was paused: what the fleet wants in the end. */
export function wantedState(fleet: Fleet, reported?: ReportedDevices): ReadonlyMap<string, DesiredValue> {
  const index = deviceIndex(fleet, reported);
  const withheld = withheldDevices(fleet, index);
  const values = new Map<string, DesiredValue>();
  for (const { device, deployment } of matchedPairs(fleet, index)) {
    const value = withheld.has(device.id) ? null : desiredValue(fleet, deployment, device);
    if (value !== null) values.set(value.key, value);
  }
  return values;
}

/** Every device that can be targeted, with the labels that count: those of its file, then those it may report. */
export function deviceIndex(fleet: Fleet, reported?: ReportedDevices): DeviceIndex<LabelledDevice> {
  if (reported === undefined || !needsReports(fleet)) return declaredIndex(fleet);
  const { admission, reportedLabels } = fleet.settings;
  const devices = new Map<DeviceId, LabelledDevice>(fleet.devices);
  for (const [id, labels] of reported) {
    const declared = fleet.devices.get(id);
    if (declared === undefined && admission === "declared") continue;
    const told = [...labels].filter(([key, value]) => reportedLabels.includes(key) && labelValueFault(value) === null);
    devices.set(id, { id, labels: new Map([...told, ...(declared?.labels ?? [])]) });
  }
  return new DeviceIndex(devices.values());
}

const declaredIndexes = new WeakMap<Fleet, DeviceIndex<Device>>();

function declaredIndex(fleet: Fleet): DeviceIndex<Device> {
  const index = declaredIndexes.get(fleet) ?? new DeviceIndex(fleet.devices.values());
  declaredIndexes.set(fleet, index);
  return index;
}

function* matchedPairs(
  fleet: Fleet,
  index: DeviceIndex<LabelledDevice>,
): Generator<{ device: LabelledDevice; deployment: Deployment }> {
  for (const deployment of fleet.deployments.values()) {
    for (const device of index.select(deployment.selector)) yield { device, deployment };
  }
}

/** One value, or none where the device lacks a label that it may still report. */
function desiredValue(fleet: Fleet, deployment: Deployment, device: LabelledDevice): DesiredValue | null {
  const rendered = rendererOf(deployment.score, fleet.settings.scoreTag).render(device);
  return rendered === null ? null : new DesiredValue({ device: device.id, deployment: deployment.name }, rendered);
}

/** Devices that break a rule which no commit could have known. */
function withheldDevices(fleet: Fleet, index: DeviceIndex<LabelledDevice>): Map<DeviceId, string> {
  const withheld = new Map<DeviceId, string>();
  if (!needsReports(fleet)) return withheld;
  for (const failure of judgeDevices(fleet.deployments.values(), index, fleet.settings)) {
    const why = reasonText(failure);
    for (const device of failure.devices) if (!withheld.has(device)) withheld.set(device, why);
  }
  return withheld;
}

function reasonText(failure: RuleFailure): string {
  const { file, line, code, message } = failureProblem({ ...failure, devices: [] });
  return `${code}: ${message} (${file}:${line})`;
}

function freezer(fleet: Fleet, withheld: ReadonlyMap<DeviceId, string>): (pair: DevicePair) => boolean {
  return ({ device, deployment }) =>
    fleet.settings.paused ||
    fleet.devices.get(device)?.paused === true ||
    fleet.deployments.get(deployment)?.paused === true ||
    withheld.has(device);
}

function warningsOf(fleet: Fleet, withheld: ReadonlyMap<DeviceId, string>): Warning[] {
  const held = [...withheld].map(([device, why]): Warning => {
    return { code: "withheld", message: `${device} keeps what it runs: ${why}` };
  });
  return [...pauseWarnings(fleet), ...held];
}

/** What is not looked at where nobody asked the devices. */
export function coverageWarnings(fleet: Fleet, reported?: ReportedDevices): Warning[] {
  if (reported !== undefined || !needsReports(fleet)) return [];
  const what =
    fleet.settings.admission === "reported"
      ? "devices without a file are not covered"
      : "reported labels are not covered";
  return [{ code: "declared-only", message: `only declared devices and their own labels are looked at here, ${what}` }];
}
