/** Makes targets, from commits and from what devices report, and compares them with the bucket a little at a time. */
import type { Fleet } from "#fleet/fleet.ts";
import type { Labels } from "#schema/labels.ts";
import type { Event, RememberedBucket } from "./event.ts";
import { targets, type State } from "./state.ts";
import { Target } from "./target.ts";

/** So many keys are compared in one go: some milliseconds. */
const KEYS_AT_ONCE = 50_000;

/** A commit as something to pursue; what it wants like the newest other one is not compared again. */
export function targetFor(state: State, commit: string, fleet: Fleet): Target {
  const { reports, holdings } = state;
  renumberFor(state, fleet);
  return new Target({ commit, fleet, reported: reports, holdings, like: targets(state).at(-1) });
}

// Rare: commits share their numbers until most of them are about devices that are gone.
function renumberFor(state: State, { matches }: Fleet): void {
  if (state.holdings.spots.numbering === matches.numbering) return;
  state.holdings.renumber(matches.numbering);
  for (const target of targets(state)) remake(state, target);
}

function remake(state: State, { commit, fleet }: Target, like?: Target): void {
  const { reports, holdings } = state;
  const target = new Target({ commit, fleet, reported: reports, holdings, like });
  state.commits.set(commit, { kind: "valid", target });
}

/** Goes on comparing. Before the bucket has told everything, there is nothing to compare with. */
export function compareSome(state: State): void {
  if (!state.synced["desired-state"]) return;
  const target = targets(state).find(({ isCompared }) => !isCompared);
  target?.compareSome(KEYS_AT_ONCE);
}

/** A bucket is about to tell everything anew; nothing is decided before it has. */
export function observeForgotten(state: State, bucket: RememberedBucket): void {
  state.holdings.forget(bucket);
  for (const target of targets(state)) target.compareAgain();
  compareSome(state);
}

/** What devices report about themselves; targets that depend on it are made anew a little later, for many at once. */
export function observeInfos(state: State, changes: Extract<Event, { kind: "infos" }>["changes"], nowMs: number): void {
  for (const { device, labels } of changes) {
    if (labels === "lost") {
      if (state.reports.has(device)) state.reportsLost.add(device);
      continue;
    }
    state.reportsLost.delete(device);
    const known = state.reports.get(device);
    if (labels === null) state.reports.delete(device);
    else state.reports.set(device, labels);
    const same = labels === null ? known === undefined : known !== undefined && sameLabels(known, labels);
    if (!same) state.reportsChangedAtMs ??= nowMs;
  }
}

function sameLabels(a: Labels, b: Labels): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** Makes the targets anew that depend on what devices report. */
export function retargetAll(state: State): void {
  state.reportsChangedAtMs = null;
  for (const target of targets(state)) if (target.needsReports) remake(state, target, target);
}
