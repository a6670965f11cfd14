/** What changed devices change about deployments: who gets one, who loses one, whose labels are others. */
import type { Labels } from "#schema/labels.ts";
import { selectorMatches, type LabelSelector } from "#schema/selector.ts";
import { asksForOneLabel, sameLabels, type DeviceChange, type LabelIndex } from "./label-index.ts";
import type { Match, TargetDevice } from "./match.ts";
import type { SelectorIndex } from "./selector-index.ts";

/** What changes about one deployment, by the number of the device. */
export interface MatchEdits {
  readonly matched: Map<number, boolean>;
  readonly active: Map<number, boolean>;
  /** Devices whose value may be another one: new ones, and those with other labels. */
  readonly affected: Set<number>;
}

/** For each deployment, by number, what the changed devices change about it. */
export function matchEdits(
  changes: readonly DeviceChange<TargetDevice>[],
  { labels, selectors, selectorOf }: EditGrounds,
): Map<number, MatchEdits> {
  const edits = new Map<number, MatchEdits>();
  for (const { number, before, after } of changes) {
    const old = new Set(before === undefined ? [] : selectors.candidates(labels.numbers, before.labels));
    const young = new Set(after === undefined ? [] : selectors.candidates(labels.numbers, after.labels));
    for (const deployment of old.union(young)) {
      const selector = selectorOf(deployment);
      if (selector === null) continue;
      const was = before !== undefined && old.has(deployment) && selectorMatches(selector, before.labels);
      const is = after !== undefined && young.has(deployment) && selectorMatches(selector, after.labels);
      if (!was && !is) continue;
      const edit = edits.get(deployment) ?? noEdits();
      edits.set(deployment, edit);
      if (was !== is) edit.matched.set(number, is);
      const [wasActive, isActive] = [was && !before.paused, is && !after.paused];
      if (wasActive !== isActive) edit.active.set(number, isActive);
      if (is && !(was && sameLabels(before?.labels ?? NO_LABELS, after?.labels ?? NO_LABELS)))
        edit.affected.add(number);
    }
  }
  return edits;
}

/** What edits are worked out from. */
export interface EditGrounds {
  readonly labels: LabelIndex;
  readonly selectors: SelectorIndex;
  /** Null for a deployment whose devices are looked up anew anyway. */
  readonly selectorOf: (deployment: number) => LabelSelector | null;
}

/** The match with its devices as they are now, which `labels` knows already; the same one where nothing about it changes. */
export function editedMatch(match: Match, edits: MatchEdits, labels: LabelIndex): Match {
  const { deployment, anchor } = match;
  // What is one answer of the index stays one, and costs no memory of its own.
  const isAnswer = anchor !== null && asksForOneLabel(deployment.selector);
  const matched = isAnswer ? labels.having(anchor) : match.matched.edited(edits.matched);
  const edited = deployment.paused ? match.active : match.active.edited(edits.active);
  const active = edited.size === matched.size ? matched : edited;
  const sameDevices = matched === match.matched && active === match.active;
  const sameValues = edits.affected.size === 0 || deployment.parts.templates.length === 0;
  return sameDevices && sameValues ? match : { deployment, anchor, matched, active };
}

const NO_LABELS: Labels = new Map();

function noEdits(): MatchEdits {
  return { matched: new Map(), active: new Map(), affected: new Set() };
}
