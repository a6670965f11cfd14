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

/** Knows the keys that selectors ask for; there are few of them, whatever else devices say about themselves. */
export class LabelIndex {
  readonly numbers: LabelNumbers;
  readonly #keys: ReadonlySet<string>;
  readonly #having: Numbered<NumberSet>;

  private constructor(numbers: LabelNumbers, keys: ReadonlySet<string>, having: Numbered<NumberSet>) {
    this.numbers = numbers;
    this.#keys = keys;
    this.#having = having;
  }

  static empty(numbers: LabelNumbers): LabelIndex {
    return new LabelIndex(numbers, new Set(), Numbered.empty());
  }

  /** The devices that have a label, by the number of the label; none where its key is not known. */
  having(label: number): NumberSet {
    return this.#having.at(label) ?? NumberSet.EMPTY;
  }

  /** Knows these keys, too. Yields now and then, so that its caller can do something else. */
  *withKeys(keys: Iterable<string>, devices: Numbered<LabelledDevice>): Generator<void, LabelIndex> {
    const missing = [...new Set(keys)].filter((key) => !this.#keys.has(key));
    if (missing.length === 0) return this;
    const having = missing.map((key) => ({ key, byValue: new Map<string, number[]>() }));
    for (const [from, part] of devices.parts()) {
      for (const { key, byValue } of having) noteValues(byValue, key, { from, part });
      yield;
    }
    const sets: (readonly [number, NumberSet])[] = [];
    for (const { key, byValue } of having) {
      for (const [value, found] of byValue) {
        sets.push([this.numbers.numberOf(key, value), NumberSet.of(found)]);
        if (sets.length % LABELS_PER_STEP === 0) yield;
      }
    }
    return new LabelIndex(this.numbers, this.#keys.union(new Set(missing)), this.#having.with(sets));
  }

  with(changes: readonly DeviceChange[]): LabelIndex {
    const edits = new Map<number, Map<number, boolean>>();
    const note = (key: string, value: string | undefined, device: number, isIn: boolean): void => {
      if (value === undefined) return;
      const label = this.numbers.numberOf(key, value);
      edits.set(label, (edits.get(label) ?? new Map<number, boolean>()).set(device, isIn));
    };
    for (const { number, before, after } of changes) {
      for (const key of this.#keys) {
        const [old, young] = [before?.labels.get(key), after?.labels.get(key)];
        if (old === young) continue;
        note(key, old, number, false);
        note(key, young, number, true);
      }
    }
    if (edits.size === 0) return this;
    const changed = [...edits].map(([label, devices]) => [label, this.having(label).edited(devices)] as const);
    return new LabelIndex(this.numbers, this.#keys, this.#having.with(changed));
  }
}

const LABELS_PER_STEP = 500;

/** Adds the devices of one part to those that have the same value under a key. */
function noteValues(
  byValue: Map<string, number[]>,
  key: string,
  { from, part }: { readonly from: number; readonly part: readonly (LabelledDevice | undefined)[] },
): void {
  for (let at = 0; at < part.length; at += 1) {
    const value = part[at]?.labels.get(key);
    if (value === undefined) continue;
    const found = byValue.get(value);
    if (found === undefined) byValue.set(value, [from + at]);
    else found.push(from + at);
  }
}

/** The labels that every device has that a selector matches. */
export function exactLabels({ matchLabels, matchExpressions }: LabelSelector): (readonly [string, string])[] {
  const exact: (readonly [string, string])[] = [];
  matchLabels.forEach((value, key) => exact.push([key, value]));
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
