/** Says what is still missing, from the state alone. */
import type { Decision } from "#runtime/loop.ts";
import type { Effect, Write } from "./effect.ts";
import { recordText, wantedRecord } from "./record.ts";
import { isHeadDoubtful, markersAllowed, stanceOf, type Stance } from "./stance.ts";
import type { State } from "./state.ts";
import type { Target } from "./target.ts";

/** So many writes go out before the state is looked at again. */
export const WRITES_PER_EFFECT = 2_000;
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
  if (stance.kind !== "pursue" || state.writing.size > 0) return;
  // The record speaks first: a reader must never see keys of a commit that nobody announced.
  const announced = state.record?.applied === stance.target.commit || state.record?.applying === stance.target.commit;
  if (!announced) return;
  const writes = valueWrites(state, stance.target);
  if (state.synced["device-state"]) writes.push(...markerWrites(state, stance, nowMs, writes.length, at));
  if (writes.length === 0) return;
  const { commit, fleet } = stance.target;
  at(state.writesRetryAtMs, { kind: "write", key: "write", writes, commit, fleet: fleet.name });
}

function valueWrites(state: State, { open, desired }: Target): Write[] {
  const writes: Write[] = [];
  for (const keys of [open.add, open.update, open.remove]) {
    for (const key of keys) {
      if (writes.length >= WRITES_PER_EFFECT) return writes;
      const expectedRevision = state.holdings.revisionOf(key);
      const wanted = desired.values.get(key);
      if (wanted === undefined) writes.push({ kind: "delete", key, expectedRevision });
      else writes.push({ kind: "put", key, text: wanted.text, digest: wanted.digest, expectedRevision });
    }
  }
  return writes;
}

function markerWrites(
  state: State,
  { target, approved }: Extract<Stance, { kind: "pursue" }>,
  nowMs: number,
  already: number,
  at: At,
): Write[] {
  const writes: Write[] = [];
  const { holdings } = state;
  const room = (): boolean => already + writes.length < WRITES_PER_EFFECT;
  if (markersAllowed(state, target, approved)) {
    for (const key of target.open.mark)
      if (room()) writes.push({ kind: "delete", key, expectedRevision: holdings.revisionOf(key) });
  }
  if (state.unmarkAtMs === null || target.open.unmark.size === 0) return writes;
  if (state.unmarkAtMs > nowMs) {
    at(state.unmarkAtMs, null);
    return writes;
  }
  for (const key of target.open.unmark) {
    const marker = holdings.markers.get(key);
    if (marker === undefined || marker.purgeAtMs > nowMs || !room()) continue;
    writes.push({ kind: "unmark", key, expectedRevision: marker.revision });
  }
  return writes;
}
