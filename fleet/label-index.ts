/** Which devices have a label: for each key with each of its values, their numbers. Never changes in place. */
import type { Labels } from "#schema/labels.ts";
import type { LabelSelector } from "#schema/selector.ts";
import type { LabelNumbers } from "./names.ts";
import { NumberSet } from "./number-set.ts";
import { Numbered } from "./numbered.ts";
import type { LabelledDevice } from "./template.ts";

/** A device that is another one now; undefined where there was or is none. */
export interface DeviceChange<D extends LabelledDevice = LabelledDevice> {
  readonly number: number;
  readonly before: D | undefined;
  readonly after: D | undefined;
}

export class LabelIndex {
  readonly numbers: LabelNumbers;
  readonly #having: Numbered<NumberSet>;

  private constructor(numbers: LabelNumbers, having: Numbered<NumberSet>) {
    this.numbers = numbers;
    this.#having = having;
  }

  /** Yields now and then, so that its caller can do something else. */
  static *of(numbers: LabelNumbers, devices: Numbered<LabelledDevice>): Generator<void, LabelIndex> {
    const having: number[][] = [];
    let count = 0;
    for (const [device, { labels }] of devices.entries()) {
      labels.forEach((value, key) => {
        const label = numbers.numberOf(key, value);
        while (having.length <= label) having.push([]);
        having[label]?.push(device);
      });
      count += 1;
      if (count % DEVICES_PER_STEP === 0) yield;
    }
    const sets: NumberSet[] = [];
    for (const found of having) {
      sets.push(NumberSet.of(found));
      if (sets.length % LABELS_PER_STEP === 0) yield;
    }
    return new LabelIndex(numbers, Numbered.of(sets));
  }

  /** The devices that have a label, by the number of the label. */
  having(label: number): NumberSet {
    return this.#having.at(label) ?? NumberSet.EMPTY;
  }

  with(changes: readonly DeviceChange[]): LabelIndex {
    const edits = new Map<number, Map<number, boolean>>();
    const note = (label: number, device: number, isIn: boolean): void => {
      const devices = edits.get(label);
      if (devices === undefined) edits.set(label, new Map([[device, isIn]]));
      else devices.set(device, isIn);
    };
    for (const { number, before, after } of changes) {
      for (const [key, value] of before?.labels ?? NO_LABELS) {
        if (after?.labels.get(key) !== value) note(this.numbers.numberOf(key, value), number, false);
      }
      for (const [key, value] of after?.labels ?? NO_LABELS) {
        if (before?.labels.get(key) !== value) note(this.numbers.numberOf(key, value), number, true);
      }
    }
    if (edits.size === 0) return this;
    const changed = [...edits].map(([label, devices]) => [label, this.having(label).edited(devices)] as const);
    return new LabelIndex(this.numbers, this.#having.with(changed));
  }
}

const DEVICES_PER_STEP = 1_000;
const LABELS_PER_STEP = 500;
const NO_LABELS: Labels = new Map();

/** The labels that every device has that a selector matches. */
export function exactLabels({ matchLabels, matchExpressions }: LabelSelector): (readonly [string, string])[] {
  const exact: (readonly [string, string])[] = [...matchLabels];
  for (const expression of matchExpressions) {
    if (expression.operator !== "In" || expression.values.length !== 1) continue;
    exact.push([expression.key, expression.values[0] ?? ""]);
  }
  return exact;
}

/** True where a selector asks for one label and nothing else. */
export function asksForOneLabel(selector: LabelSelector): boolean {
  return selector.matchLabels.size + selector.matchExpressions.length === 1 && exactLabels(selector).length === 1;
}

/** True where both say the same, wherever they were read. */
export function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
