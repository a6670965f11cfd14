/** Which deployments may select a device: found by one label that their selector asks for, without asking each. */
import type { Labels } from "#schema/labels.ts";
import type { LabelNumbers } from "./names.ts";
import { NumberSet } from "./number-set.ts";
import { Numbered } from "./numbered.ts";

/** Under which label a deployment is found: null where its selector asks for none, undefined where there is no deployment. */
export type Anchor = number | null | undefined;

/** A deployment that is found elsewhere now. */
export interface AnchorChange {
  readonly deployment: number;
  readonly before: Anchor;
  readonly after: Anchor;
}

export class SelectorIndex {
  static readonly EMPTY = new SelectorIndex(Numbered.empty(), NumberSet.EMPTY);

  readonly #byLabel: Numbered<NumberSet>;
  /** Those that have to be asked about every device. */
  readonly #always: NumberSet;

  private constructor(byLabel: Numbered<NumberSet>, always: NumberSet) {
    this.#byLabel = byLabel;
    this.#always = always;
  }

  with(changes: readonly AnchorChange[]): SelectorIndex {
    const moved = changes.filter(({ before, after }) => before !== after);
    if (moved.length === 0) return this;
    const edits = new Map<number, Map<number, boolean>>();
    const always = new Map<number, boolean>();
    const note = (anchor: Anchor, deployment: number, isIn: boolean): void => {
      if (anchor === undefined) return;
      if (anchor === null) always.set(deployment, isIn);
      else edits.set(anchor, (edits.get(anchor) ?? new Map<number, boolean>()).set(deployment, isIn));
    };
    for (const { deployment, before, after } of moved) {
      note(before, deployment, false);
      note(after, deployment, true);
    }
    const changed = [...edits].map(([label, deployments]) => [label, this.#under(label).edited(deployments)] as const);
    return new SelectorIndex(this.#byLabel.with(changed), this.#always.edited(always));
  }

  /** Every deployment that can select a device with these labels, and some that do not; each once. */
  candidates(numbers: LabelNumbers, labels: Labels): number[] {
    const found = [...this.#always];
    labels.forEach((value, key) => {
      const label = numbers.find(key, value);
      if (label !== undefined) this.#under(label).forEach((deployment) => found.push(deployment));
    });
    return found;
  }

  #under(label: number): NumberSet {
    return this.#byLabel.at(label) ?? NumberSet.EMPTY;
  }
}
