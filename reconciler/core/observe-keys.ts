/** Writes down what the buckets hold, and keeps every target's open keys up to date, one key at a time. */
import { parseStateKey, desiredKey } from "#schema/keys.ts";
import type { Labels } from "#schema/labels.ts";
import type { Event, KeyChange } from "./event.ts";
import { stanceOf } from "./stance.ts";
import { targets, type State } from "./state.ts";
import { Target, type KeyAction } from "./target.ts";

/** A marker that no state ever asked for stays this long, for devices that are about to say something. */
export const STRAY_MARKER_MS = 60_000;
/** After a state is gone its marker goes, too; other readers may still be on their way to it. */
export const MARKER_AFTER_STATE_MS = 2_000;

/** What `desired-state` holds. Changes that nobody here made are drift, counted by what they did. */
export function observeKeys(state: State, changes: readonly KeyChange[], nowMs: number): void {
  const pursued = pursuedTarget(state);
  for (const change of changes) {
    if (isKnown(state, change)) continue;
    const before = pursued?.actionOf(change.key) ?? null;
    apply(state, change, nowMs);
    touch(state, change.key);
    const counts = pursued !== null && before === null && !state.writing.has(change.key);
    if (counts) countDrift(state, pursued.actionOf(change.key));
  }
}

function pursuedTarget(state: State): Target | null {
  if (!state.synced["desired-state"]) return null;
  const stance = stanceOf(state);
  return stance.kind === "pursue" ? stance.target : null;
}

// What was written here is known from its acknowledgement; until the bucket has told as much, it tells the past.
function isKnown({ holdings }: State, change: KeyChange): boolean {
  const ahead = holdings.ahead.get(change.key);
  if (ahead === undefined) return false;
  if (change.kind !== "absent" && change.revision < ahead) return true;
  holdings.ahead.delete(change.key);
  return change.kind !== "absent" && change.revision === ahead;
}

function apply(state: State, change: KeyChange, nowMs: number): void {
  const { holdings } = state;
  switch (change.kind) {
    case "put":
      holdings.put(change.key, { text: sharedText(state, change), revision: change.revision, fleet: change.fleet });
      break;
    case "marker": {
      // One pass and out: what lies there without a state from an earlier run may go now.
      const stayMs = state.settings.once ? 0 : STRAY_MARKER_MS;
      mark(state, change.key, { revision: change.revision, purgeAtMs: nowMs + stayMs });
      break;
    }
    case "absent":
      holdings.drop(change.key);
      break;
  }
}

// Equal texts are kept once: a target has the same one.
function sharedText(state: State, { key, text }: Extract<KeyChange, { kind: "put" }>): string {
  for (const target of targets(state)) {
    const wanted = target.desired.values.get(key)?.text;
    if (wanted === text) return wanted;
  }
  return text;
}

function mark(state: State, key: string, marker: { revision: number; purgeAtMs: number }): void {
  state.holdings.mark(key, marker);
  state.unmarkAtMs = Math.min(state.unmarkAtMs ?? marker.purgeAtMs, marker.purgeAtMs);
}

function touch(state: State, key: string): void {
  for (const target of targets(state)) target.touch(key);
}

function countDrift(state: State, action: KeyAction | null): void {
  const { drift } = state.counts;
  if (action === "update") drift.changed += 1;
  if (action === "add") drift.deleted += 1;
  if (action === "remove") drift.foreign += 1;
}

/** Which devices have a state; the keys are those of `device-state`. */
export function observeStates(
  state: State,
  changes: readonly { readonly key: string; readonly there: boolean }[],
  nowMs: number,
): void {
  const { states, markers } = state.holdings;
  for (const { key: stateKey, there } of changes) {
    const pair = parseStateKey(stateKey);
    if (pair === null) continue;
    const key = desiredKey(pair);
    if (there === states.has(key)) continue;
    if (there) states.add(key);
    else states.delete(key);
    const marker = markers.get(key);
    if (!there && marker !== undefined) {
      mark(state, key, {
        revision: marker.revision,
        purgeAtMs: Math.min(marker.purgeAtMs, nowMs + MARKER_AFTER_STATE_MS),
      });
    }
    touch(state, key);
  }
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
  for (const target of targets(state)) {
    if (!target.needsReports) continue;
    const renewed = new Target(target.commit, target.fleet, state.reports, state.holdings);
    state.commits.set(target.commit, { kind: "valid", target: renewed });
  }
}

/** What became of the writes that were under way. */
export function observeWritten(state: State, event: Extract<Event, { kind: "writes-done" }>, nowMs: number): void {
  state.writing.clear();
  for (const { write, revision } of event.written) {
    state.counts.written[write.kind] += 1;
    if (state.writingDoubted) continue;
    if (write.kind === "unmark") {
      // A value may have been put since: only the marker that was meant is gone.
      if (state.holdings.markers.get(write.key)?.revision === write.expectedRevision) state.holdings.drop(write.key);
    } else if (revision > state.holdings.revisionOf(write.key)) {
      state.holdings.ahead.set(write.key, revision);
      if (write.kind === "put") state.holdings.put(write.key, { text: write.text, revision, fleet: event.fleet });
      else {
        const purgeAtMs = state.settings.once ? Number.POSITIVE_INFINITY : nowMs + STRAY_MARKER_MS;
        mark(state, write.key, { revision, purgeAtMs });
      }
    }
    touch(state, write.key);
  }
  if (!state.writingDoubted) observeConflicts(state, event.conflicts, nowMs);
  state.writingDoubted = false;
  state.counts.writesFailed += event.failed;
  state.writesTrouble = event.failed > 0 ? event.message : null;
  state.writesRetryAtMs = event.failed > 0 ? nowMs + event.retryInMs : 0;
  state.unmarkAtMs = nextUnmark(state);
}

// What was looked up may be older than what the bucket has told since.
function observeConflicts(state: State, conflicts: readonly KeyChange[], nowMs: number): void {
  const { holdings } = state;
  const news = conflicts.filter((one) => one.kind === "absent" || one.revision > holdings.revisionOf(one.key));
  observeKeys(state, news, nowMs);
}

function nextUnmark(state: State): number | null {
  let next = Number.POSITIVE_INFINITY;
  for (const target of targets(state)) {
    for (const key of target.open.unmark) next = Math.min(next, state.holdings.markers.get(key)?.purgeAtMs ?? next);
  }
  return Number.isFinite(next) ? next : null;
}
