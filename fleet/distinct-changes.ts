/** A plan for people: each distinct change once, with the devices that it is the same for. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { compareBytes } from "./byte-order.ts";
import { fieldDiffs, type FieldDiff } from "./field-diff.ts";
import type { Change, Plan } from "./plan.ts";

/** One change of one deployment, and all devices it is the same for. */
export interface DistinctChange {
  readonly action: Change["action"];
  readonly deployment: DeploymentName;
  /** Sorted. */
  readonly devices: readonly DeviceId[];
  /** Empty for removals. */
  readonly fields: readonly FieldDiff[];
}

/** By deployment; removals first, since they are what people look for. */
export function distinctChanges(plan: Plan): DistinctChange[] {
  const found = new Map<string, { change: Change; devices: DeviceId[] }>();
  for (const change of plan.changes) {
    const key = distinctKey(change);
    const known = found.get(key);
    if (known === undefined) found.set(key, { change, devices: [change.device] });
    else known.devices.push(change.device);
  }
  return merged([...found.values()].map(({ change, devices }) => describe(change, devices)));
}

const ORDER: Readonly<Record<Change["action"], number>> = { remove: 0, update: 1, add: 2 };

function distinctKey(change: Change): string {
  switch (change.action) {
    case "add":
      return JSON.stringify(["add", change.deployment, change.after]);
    case "update":
      return JSON.stringify(["update", change.deployment, change.before, change.after]);
    case "remove":
      return JSON.stringify(["remove", change.deployment]);
  }
}

function describe(change: Change, devices: DeviceId[]): DistinctChange {
  const { action, deployment } = change;
  switch (action) {
    case "add":
      return { action, deployment, devices, fields: fieldDiffs(null, change.after) };
    case "update":
      return { action, deployment, devices, fields: fieldDiffs(change.before, change.after) };
    case "remove":
      return { action, deployment, devices, fields: [] };
  }
}

/** Values that differ from device to device can still change in the same fields: those are one change. */
function merged(changes: readonly DistinctChange[]): DistinctChange[] {
  const found = new Map<string, DistinctChange>();
  for (const change of changes) {
    const key = JSON.stringify([change.action, change.deployment, change.fields]);
    const known = found.get(key);
    const devices = [...(known?.devices ?? []), ...change.devices].toSorted(compareBytes);
    found.set(key, { ...change, devices });
  }
  return [...found.values()].toSorted(
    (a, b) =>
      compareBytes(a.deployment, b.deployment) ||
      ORDER[a.action] - ORDER[b.action] ||
      compareBytes(a.devices[0] ?? "", b.devices[0] ?? ""),
  );
}
