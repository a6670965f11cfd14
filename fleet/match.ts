/** One deployment and the devices it lands on. */
import { selectorMatches } from "#schema/selector.ts";
import type { Deployment } from "./fleet.ts";
import { asksForOneLabel, exactLabels, type LabelIndex } from "./label-index.ts";
import { NumberSet } from "./number-set.ts";
import type { Numbered } from "./numbered.ts";
import type { LabelledDevice } from "./template.ts";

/** A device that can be targeted. */
export interface TargetDevice extends LabelledDevice {
  readonly paused: boolean;
}

/** A deployment, and its devices by number. The same object for as long as nothing about it or its devices changes. */
export interface Match {
  readonly deployment: Deployment;
  /** The label that all its devices have and by which it is found; null where its selector asks for none. */
  readonly anchor: number | null;
  /** Every device that its selector matches. */
  readonly matched: NumberSet;
  /** Those of them that are not paused; none where the deployment is. */
  readonly active: NumberSet;
}

/** Where devices are looked up. */
export interface Grounds {
  readonly devices: { readonly items: Numbered<TargetDevice> };
  readonly labels: LabelIndex;
  readonly pausedDevices: NumberSet;
}

/** Asks the devices that have the rarest label which a selector asks for; all of them where it asks for none. */
export function matchOf(deployment: Deployment, { devices, labels, pausedDevices }: Grounds): Match {
  const { selector } = deployment;
  const anchor = rarestLabel(deployment, labels);
  const candidates = anchor === null ? allNumbers(devices.items) : labels.having(anchor);
  const matched =
    asksForOneLabel(selector) || asksForNothing(deployment)
      ? candidates
      : candidates.filter((number) => {
          const device = devices.items.at(number);
          return device !== undefined && selectorMatches(selector, device.labels);
        });
  return { deployment, anchor, matched, active: activeOf(deployment, matched, pausedDevices) };
}

/** What of the matched devices is not frozen by the deployment or by themselves. */
function activeOf({ paused }: Deployment, matched: NumberSet, pausedDevices: NumberSet): NumberSet {
  if (paused) return NumberSet.EMPTY;
  return pausedDevices.size === 0 ? matched : matched.filter((number) => !pausedDevices.has(number));
}

function asksForNothing({ selector }: Deployment): boolean {
  return selector.matchLabels.size + selector.matchExpressions.length === 0;
}

function rarestLabel({ selector }: Deployment, labels: LabelIndex): number | null {
  let rarest: number | null = null;
  for (const [key, value] of exactLabels(selector)) {
    const label = labels.numbers.numberOf(key, value);
    if (rarest === null || labels.having(label).size < labels.having(rarest).size) rarest = label;
  }
  return rarest;
}

function allNumbers(devices: Numbered<TargetDevice>): NumberSet {
  const numbers: number[] = [];
  devices.forEach((_device, number) => numbers.push(number));
  return NumberSet.of(numbers);
}
