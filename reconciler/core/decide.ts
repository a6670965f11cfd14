/** Says what is still missing, from the state alone. */
import type { Decision } from "#runtime/loop.ts";
import type { Effect } from "./effect.ts";
import { Pass } from "./pass.ts";
import { recordText, wantedRecord } from "./record.ts";
import { isAnnounced, isHeadDoubtful, markersAllowed, stanceOf, type Stance } from "./stance.ts";
import { targets, type State } from "./state.ts";
import type { Target } from "./target.ts";
import type { Write } from "./write.ts";

/** From so many values on it pays not to be told of each by the bucket: see `Settings.largePass`. */
export const LARGE_PASS = 5_000;
/** So many markers are taken away before the state is looked at again. */
export const UNMARKS_PER_EFFECT = 2_000;
/** Reports of devices are gathered this long before targets are made anew. */
export const REPORTS_GATHER_MS = 500;

export function decide(state: State, nowMs: number): Decision<Effect> {
  const stance = stanceOf(state);
  const effects: Effect[] = [];
  const wakes: number[] = [];

  /** An effect that is due at `atMs`: now, or wake then. Null only wakes. */
  function at(atMs: number, effect: Effect | null): void {
    if (atMs <= nowMs) {
      if (effect !== null) effects.push(effect);
    } else if (Number.isFinite(atMs)) wakes.push(atMs);
  }

  gitEffects(state, stance, at);
  if (Object.values(state.synced).includes(false))
    at(state.bucketsRetryAtMs, { kind: "ensure-buckets", key: "buckets" });
  if (state.reportsChangedAtMs !== null)
    at(state.reportsChangedAtMs + REPORTS_GATHER_MS, { kind: "rebuild", key: "rebuild" });
  if (state.synced["desired-state"] && targets(state).some((target) => !target.isCompared))
    at(0, { kind: "compare", key: "compare" });
  if (state.leaseHeld) writingEffects(state, stance, nowMs, at);
  return { effects, wakeAtMs: wakes.length === 0 ? null : Math.min(...wakes) };
}

type At = (atMs: number, effect: Effect | null) => void;

// What judgement needs comes before the next poll.
function gitEffects(state: State, stance: Stance, at: At): void {
  const need = stance.kind === "wait" ? stance.need : null;
  if (need?.kind === "commit") {
    const retryAtMs = state.unreadable.get(need.commit)?.retryAtMs ?? 0;
    at(retryAtMs, { kind: "read-commit", key: "git", commit: need.commit, branchHead: state.git.head });
  }
  if (need?.kind === "approval") at(0, { kind: "find-approval", key: "git", head: need.head, applied: need.applied });
  retryUnreadable(state, at);
  const asksAtOnce = state.git.trouble === null && isHeadDoubtful(state);
  at(asksAtOnce ? 0 : state.git.nextPollAtMs, { kind: "poll", key: "git" });
}

function retryUnreadable(state: State, at: At): void {
  const { head } = state.git;
  for (const commit of new Set([head, state.record?.applied ?? null, state.approval?.commit ?? null])) {
    const unreadable = commit === null ? undefined : state.unreadable.get(commit);
    if (commit === null || unreadable === undefined) continue;
    at(unreadable.retryAtMs, { kind: "read-commit", key: "git", commit, branchHead: head });
  }
  const { approval } = state;
  if (approval === null || approval.commit !== undefined || approval.head !== head) return;
  at(approval.retryAtMs, { kind: "find-approval", key: "git", head: approval.head, applied: approval.applied });
}

function writingEffects(state: State, stance: Stance, nowMs: number, at: At): void {
  const record = wantedRecord(state, stance, nowMs);
  const isSaid = record !== null && state.record !== null && recordText(record) === recordText(state.record);
  if (record !== null && !(isSaid && state.recordThere)) {
    at(state.recordRetryAtMs, { kind: "write-record", key: "record", record, expectedRevision: state.recordRevision });
  }
  // What the bucket did not tell while it was held comes before the next pass.
  if (stance.kind !== "pursue" || state.isWriting || state.isFeedHeld) return;
  // The record speaks first: a reader must never see keys of a commit that nobody announced.
  if (!isAnnounced(state, stance.target)) return;
  const unmarks = state.synced["device-state"] ? dueUnmarks(state, stance.target, nowMs, at) : [];
  if (unmarks.length === 0 && !hasWrites(state, stance)) return;
  const { commit, fleet, openValues } = stance.target;
  at(state.writesRetryAtMs, {
    kind: "write",
    key: "write",
    row: new Pass(state, stance),
    unmarks,
    isLarge: openValues >= (state.settings.largePass ?? LARGE_PASS),
    commit,
    fleet: fleet.name,
    epoch: state.epoch,
  });
}

function hasWrites(state: State, { target, approved }: Extract<Stance, { kind: "pursue" }>): boolean {
  if (target.openValues > 0) return true;
  return state.synced["device-state"] && target.open.mark > 0 && markersAllowed(state, target, approved);
}

function dueUnmarks(state: State, target: Target, nowMs: number, at: At): Write[] {
  const writes: Write[] = [];
  if (state.unmarkAtMs === null || target.open.unmark === 0) return writes;
  if (state.unmarkAtMs > nowMs) {
    at(state.unmarkAtMs, null);
    return writes;
  }
  const { markers, spots } = state.holdings;
  for (const [key, { revision, purgeAtMs }] of markers) {
    if (writes.length >= UNMARKS_PER_EFFECT) break;
    if (purgeAtMs > nowMs) continue;
    const spot = spots.ofKey(key);
    if (target.actionAt(spot) === "unmark")
      writes.push({ kind: "unmark", key, ...spot, spots, expectedRevision: revision });
  }
  return writes;
}
