/** Writes down what the buckets hold, and keeps every target's count of what differs, one key at a time. */
import { parseStateKey } from "#schema/keys.ts";
import type { Event, KeyChange, StateChange } from "./event.ts";
import { MARKER, STATE, STATE_MARKER } from "./held-table.ts";
import type { Spot } from "./spot.ts";
import { stanceOf } from "./stance.ts";
import { targets, type State } from "./state.ts";
import type { KeyAction, Target } from "./target.ts";

/** A marker that no state ever asked for stays this long, for devices that are about to say something. */
export const STRAY_MARKER_MS = 60_000;
/** After a state is gone its marker goes, too; other readers may still be on their way to it. */
export const MARKER_AFTER_STATE_MS = 2_000;

/** What `desired-state` holds. Changes that nobody here made are drift, counted by what they did. */
export function observeKeys(state: State, changes: readonly KeyChange[], nowMs: number): void {
  const pursued = pursuedTarget(state);
  const all = targets(state);
  const { holdings } = state;
  for (const change of changes) {
    const spot = holdings.spots.ofKey(change.key);
    // What was written here is known from its acknowledgement; the bucket may be slow to tell what was before.
    if (change.kind !== "absent" && change.revision <= holdings.revisionAt(spot)) continue;
    const before = pursued?.actionAt(spot) ?? null;
    for (const target of all) target.count(spot, -1);
    apply(state, spot, change, nowMs);
    for (const target of all) target.count(spot, 1);
    if (pursued !== null && before === null) countDrift(state, pursued.actionAt(spot));
  }
}

function pursuedTarget(state: State): Target | null {
  if (!state.synced["desired-state"]) return null;
  const stance = stanceOf(state);
  return stance.kind === "pursue" ? stance.target : null;
}

function apply(state: State, spot: Spot, change: KeyChange, nowMs: number): void {
  switch (change.kind) {
    case "put":
      state.holdings.put(spot, change);
      break;
    case "marker": {
      // One pass and out: what lies there without a state from an earlier run may go now.
      const stayMs = state.settings.once ? 0 : STRAY_MARKER_MS;
      mark(state, spot, { revision: change.revision, purgeAtMs: nowMs + stayMs });
      break;
    }
    case "absent":
      state.holdings.drop(spot);
      break;
  }
}

function mark(state: State, spot: Spot, marker: { revision: number; purgeAtMs: number }): void {
  state.holdings.mark(spot, marker);
  state.unmarkAtMs = Math.min(state.unmarkAtMs ?? marker.purgeAtMs, marker.purgeAtMs);
}

function countDrift(state: State, action: KeyAction | null): void {
  const { drift } = state.counts;
  if (action === "update") drift.changed += 1;
  if (action === "add") drift.deleted += 1;
  if (action === "remove") drift.foreign += 1;
}

/** Which devices have a state; the keys are those of `device-state`. */
export function observeStates(state: State, changes: readonly StateChange[], nowMs: number): void {
  const { holdings } = state;
  const all = targets(state);
  for (const { key, kind } of changes) {
    const flag = STATE_FLAGS[kind];
    const pair = parseStateKey(key);
    if (pair === null) {
      holdings.setStrayState(key, flag);
      continue;
    }
    const spot = holdings.spots.ofPair(pair);
    const wasThere = (holdings.flagsAt(spot) & STATE) !== 0;
    if (wasThere === (flag === STATE)) {
      // What differs does so as before.
      holdings.setState(spot, flag);
      continue;
    }
    for (const target of all) target.count(spot, -1);
    holdings.setState(spot, flag);
    for (const target of all) target.count(spot, 1);
    if (wasThere && (holdings.flagsAt(spot) & MARKER) !== 0) hastenUnmark(state, spot, nowMs);
  }
}

const STATE_FLAGS: Readonly<Record<StateChange["kind"], number>> = { put: STATE, marker: STATE_MARKER, absent: 0 };

function hastenUnmark(state: State, spot: Spot, nowMs: number): void {
  const { markers, spots } = state.holdings;
  const marker = markers.get(spots.keyAt(spot));
  if (marker === undefined) return;
  mark(state, spot, { ...marker, purgeAtMs: Math.min(marker.purgeAtMs, nowMs + MARKER_AFTER_STATE_MS) });
}

/** Writes that were acknowledged, unless by a bucket that was lost since. */
export function observeWritten(state: State, event: Extract<Event, { kind: "written" }>, nowMs: number): void {
  const all = targets(state);
  const isDoubted = event.epoch !== state.epoch;
  for (const { write, revision } of event.written) {
    state.counts.written[write.kind] += 1;
    if (isDoubted) continue;
    const spot = write.spots === state.holdings.spots ? write : state.holdings.spots.ofKey(write.key);
    const known = state.holdings.revisionAt(spot);
    // Somebody may have written since: then what was meant here is over.
    const isNews = write.kind === "unmark" ? known === write.expectedRevision : revision > known;
    if (!isNews) continue;
    for (const target of all) target.count(spot, -1);
    if (write.kind === "put") {
      state.holdings.put(spot, { fingerprint: write.fingerprint, revision, fleet: event.fleet });
    } else if (write.kind === "unmark") state.holdings.drop(spot);
    else {
      const purgeAtMs = state.settings.once ? Number.POSITIVE_INFINITY : nowMs + STRAY_MARKER_MS;
      mark(state, spot, { revision, purgeAtMs });
    }
    for (const target of all) target.count(spot, 1);
  }
}

/** What else became of a pass. */
export function observeWritesDone(state: State, event: Extract<Event, { kind: "writes-done" }>, nowMs: number): void {
  state.isWriting = false;
  if (event.epoch === state.epoch) observeKeys(state, event.conflicts, nowMs);
  state.counts.writesFailed += event.failed;
  state.writesTrouble = event.failed > 0 ? event.message : null;
  state.writesRetryAtMs = event.failed > 0 ? nowMs + event.retryInMs : 0;
  state.unmarkAtMs = nextUnmark(state);
}

function nextUnmark(state: State): number | null {
  const all = targets(state).filter(({ open }) => open.unmark > 0);
  const { markers, spots } = state.holdings;
  let next = Number.POSITIVE_INFINITY;
  if (all.length === 0) return null;
  for (const [key, { purgeAtMs }] of markers) {
    if (purgeAtMs >= next) continue;
    const spot = spots.ofKey(key);
    if (all.some((target) => target.actionAt(spot) === "unmark")) next = purgeAtMs;
  }
  return Number.isFinite(next) ? next : null;
}
