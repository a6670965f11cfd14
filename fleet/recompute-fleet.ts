/** What a fleet comes to, worked out from scratch: every device is asked about every deployment. The kept answers are held against it. */
import { desiredKey, parseDesiredKey } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { selectorMatches } from "#schema/selector.ts";
import { compareBytes } from "./byte-order.ts";
import { judgeDevices } from "./device-rules.ts";
import type { Deployment, Device, Fleet } from "./fleet.ts";
import { ScoreRenderer } from "./rendered-score.ts";
import { needsReports } from "./reported.ts";
import type { RuleFailure } from "./rule-failure.ts";
import { finished } from "./steps.ts";

/** Every deployment with every device that its selector matches, sorted by id. */
function matched({ deployments, devices }: Fleet): { deployment: Deployment; devices: Device[] }[] {
  const all = [...devices.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return [...deployments.values()].map((deployment) => ({
    deployment,
    devices: all.filter((device) => selectorMatches(deployment.selector, device.labels)),
  }));
}

/** Every rule that is broken, by place. */
export function recomputeFailures(fleet: Fleet): RuleFailure[] {
  return finished(judgeDevices(matched(fleet), fleet.settings));
}

/** The text of each key in the order of its bytes: of what is not frozen, or as if nothing was paused. */
export function recomputeValues(fleet: Fleet, { paused }: { readonly paused: boolean }): Map<string, string> {
  const withheld = withheldDevices(fleet);
  const values: [string, string][] = [];
  for (const { deployment, devices } of matched(fleet)) {
    for (const device of devices) {
      const isPaused = fleet.settings.paused || deployment.paused || device.paused;
      if (withheld.has(device.id) || (paused && isPaused)) continue;
      const { text } = new ScoreRenderer(deployment, fleet.settings.scoreTag).render(device);
      values.push([desiredKey({ device: device.id, deployment: deployment.name }), text]);
    }
  }
  return new Map(values.toSorted(([a], [b]) => compareBytes(a, b)));
}

/** Lines such as `update kiosk-0001.web`, sorted: what going from one commit to another changes. */
export function recomputePlan(base: Fleet | null, head: Fleet): string[] {
  const before = base === null ? new Map<string, string>() : recomputeValues(base, { paused: false });
  const after = recomputeValues(head, { paused: true });
  const lines: string[] = [];
  for (const [key, text] of after) {
    if (!before.has(key)) lines.push(`add ${key}`);
    else if (before.get(key) !== text) lines.push(`update ${key}`);
  }
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const frozen = new Set(frozenKeys(head, gone));
  for (const key of gone) if (!frozen.has(key)) lines.push(`remove ${key}`);
  return lines.toSorted(compareBytes);
}

/** Devices that break a rule, where rules may depend on what devices report. */
export function withheldDevices(fleet: Fleet): Set<DeviceId> {
  return new Set(needsReports(fleet) ? recomputeFailures(fleet).flatMap(({ devices }) => devices) : []);
}

/** The keys to which nothing may happen. */
export function frozenKeys(fleet: Fleet, keys: readonly string[]): string[] {
  const { devices, deployments, settings } = fleet;
  const withheld = withheldDevices(fleet);
  return keys.filter((key) => {
    const pair = parseDesiredKey(key);
    if (pair === null) return false;
    const isPaused = devices.get(pair.device)?.paused === true || deployments.get(pair.deployment)?.paused === true;
    return settings.paused || isPaused || withheld.has(pair.device);
  });
}
