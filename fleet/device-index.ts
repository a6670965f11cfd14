/** Finds the devices that a selector matches, by what their labels say, without asking each. */
import { selectorMatches, type LabelSelector } from "#schema/selector.ts";
import type { LabelledDevice } from "./template.ts";

/** An index over devices, sorted by id. */
export class DeviceIndex<D extends LabelledDevice> {
  readonly devices: readonly D[];
  #byKey: Map<string, Map<string, D[]>> | null = null;

  constructor(devices: Iterable<D>) {
    this.devices = [...devices].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The matching devices, sorted by id. */
  select(selector: LabelSelector): readonly D[] {
    const candidates = this.#candidates(selector);
    const isWhole = selector.matchLabels.size + selector.matchExpressions.length === 0;
    return isWhole ? candidates : candidates.filter((device) => selectorMatches(selector, device.labels));
  }

  /** A list that holds every match: the shortest of those that one exact label gives, else all devices. */
  #candidates(selector: LabelSelector): readonly D[] {
    let best: readonly D[] = this.devices;
    for (const [key, value] of selector.matchLabels) {
      const having = this.#having(key, value);
      if (having.length < best.length) best = having;
    }
    for (const expression of selector.matchExpressions) {
      if (expression.operator !== "In" || expression.values.length !== 1) continue;
      const having = this.#having(expression.key, expression.values[0] ?? "");
      if (having.length < best.length) best = having;
    }
    return best;
  }

  #having(key: string, value: string): readonly D[] {
    this.#byKey ??= indexLabels(this.devices);
    return this.#byKey.get(key)?.get(value) ?? [];
  }
}

function indexLabels<D extends LabelledDevice>(devices: readonly D[]): Map<string, Map<string, D[]>> {
  const byKey = new Map<string, Map<string, D[]>>();
  for (const device of devices) {
    for (const [key, value] of device.labels) {
      const byValue = byKey.get(key) ?? new Map<string, D[]>();
      byKey.set(key, byValue);
      const having = byValue.get(value);
      if (having === undefined) byValue.set(value, [device]);
      else having.push(device);
    }
  }
  return byKey;
}
