/** Devices with the labels that count: those of their files, then those that they may report about themselves. */
import { labelValueFault, type Labels } from "#schema/labels.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Fleet } from "./fleet.ts";
import type { DeviceChange } from "./label-index.ts";
import type { TargetDevice } from "./match.ts";
import { Matches } from "./matches.ts";
import { finished } from "./steps.ts";

/** The labels that devices said about themselves, for `admission: reported` and `reportedLabels`. */
export type ReportedDevices = ReadonlyMap<DeviceId, Labels>;

/** True where the desired state depends on what devices report: then nothing may be decided without the device-info feed. */
export function needsReports(fleet: Fleet): boolean {
  return fleet.settings.admission === "reported" || fleet.settings.reportedLabels.length > 0;
}

/** The matches of every device that can be targeted. */
export function withReports(fleet: Fleet, reported?: ReportedDevices): Matches {
  if (reported === undefined || !needsReports(fleet)) return fleet.matches;
  const devices = [...reported].flatMap(([id, labels]) => changeOf(fleet, id, labels) ?? []);
  const { numbering, deployments } = fleet.matches;
  if (devices.length * FEW_PARTS < fleet.devices.size)
    return finished(fleet.matches.with({ devices, deployments: [] })).matches;
  const all = fleet.matches.devices.with(devices.map(({ number, after }) => [number, after] as const));
  return finished(
    Matches.of(
      numbering,
      all,
      [...deployments.entries()].map(([, { deployment }]) => deployment),
    ),
  );
}

/** Up to one part in so many, changes are cheaper than to begin anew. */
const FEW_PARTS = 10;

function changeOf(fleet: Fleet, id: DeviceId, labels: Labels): DeviceChange<TargetDevice> | null {
  const { admission, reportedLabels } = fleet.settings;
  const before = fleet.devices.get(id);
  if (before === undefined && admission === "declared") return null;
  const told = [...labels].filter(([key, value]) => reportedLabels.includes(key) && labelValueFault(value) === null);
  const after = { id, labels: new Map([...told, ...(before?.labels ?? [])]), paused: before?.paused === true };
  return { number: fleet.matches.numbering.devices.numberOf(id), before, after };
}
