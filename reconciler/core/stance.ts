/** What the reconciler is after right now, or why it does nothing: the whole judgement, from what is known alone. */
import { judgeRemovals } from "#fleet/blast-radius.ts";
import { DEFAULT_SETTINGS, type PruneSettings } from "#fleet/fleet.ts";
import type { Refusal } from "#schema/wire.ts";
import { targetOf, type State } from "./state.ts";
import type { Target } from "./target.ts";

/** A commit that has to be looked at before more can be said. */
export type Need =
  | { readonly kind: "commit"; readonly commit: string }
  | { readonly kind: "approval"; readonly head: string; readonly applied: string | null };

export type Stance =
  /** Make the bucket say what `target` says. `refused` is about head, where head is not what is pursued. */
  | { readonly kind: "pursue"; readonly target: Target; readonly approved: boolean; readonly refused: Refusal | null }
  /** Head is refused, and there is nothing else that could be pursued. */
  | { readonly kind: "refuse"; readonly refused: Refusal; readonly reason: string }
  | { readonly kind: "foreign-fleet"; readonly name: string; readonly own: string }
  /** Something is not known yet. `need` is what would help. */
  | { readonly kind: "wait"; readonly reason: string; readonly need: Need | null };

/** What a held pass can be released with. */
export const TRAILER_KEY = "Gitfleet-Allow-Prune";
export const TRAILER_VALUE = "true";

/** The stance that follows from the state; looks at counts, never at all keys. */
export function stanceOf(state: State): Stance {
  const unsynced = (["fleet", "desired-state"] as const).find((bucket) => !state.synced[bucket]);
  if (unsynced !== undefined) return wait(`the bucket ${unsynced} is not caught up: ${reasonOf(state, unsynced)}`);
  if (!state.git.asked) return wait("the repository was not asked yet");
  return withoutForeigners(state, towardsHead(state));
}

function reasonOf(state: State, bucket: "fleet" | "desired-state"): string {
  return state.unsyncedReason[bucket] ?? state.bucketsTrouble ?? "still reading";
}

function towardsHead(state: State): Stance {
  const { head } = state.git;
  if (head === null) return towardsApplied(state, null);
  if (isHeadDoubtful(state)) {
    return state.git.trouble === null ? wait("the repository is asked again") : towardsApplied(state, null);
  }
  const read = state.commits.get(head);
  if (read === undefined) {
    // A head that cannot be read is no intent: what is applied goes on.
    return state.unreadable.has(head)
      ? towardsApplied(state, null)
      : wait("head is being read", { kind: "commit", commit: head });
  }
  if (read.kind === "invalid") {
    const { problems, message } = read;
    return towardsApplied(state, { commit: head, reason: "invalid", message, problems, removes: 0, of: 0 });
  }
  const approved = approvedUnderWay(state, head);
  if (approved !== null) return approved;
  const judged = judge(state, read.target);
  if (judged === null) return pursue(read.target, null);
  return judged.kind === "wait" ? judged : approvedOr(state, head, judged.refused);
}

// What an approval began is brought to its end and recorded, though what is left of it would need no approval.
function approvedUnderWay(state: State, head: string): Stance | null {
  const { approval, record } = state;
  if (approval === null || approval.head !== head || approval.applied !== (record?.applied ?? null)) return null;
  const target = targetOf(state, approval.commit ?? null);
  if (target === null || record?.applying !== target.commit || lacksReports(state, target)) return null;
  if (!target.isCompared) return wait(COMPARING);
  return { kind: "pursue", target, approved: true, refused: null };
}

/** The writer before this one knew another head, perhaps a newer one: to go back to ours could undo what it applied. */
export function isHeadDoubtful({ leaseHeld, git, record }: State): boolean {
  return leaseHeld && git.askedAsWriter !== "yes" && git.head !== null && (record?.head ?? git.head) !== git.head;
}

// Head is held: a trailer may allow it, or a commit before it.
function approvedOr(state: State, head: string, refused: Refusal): Stance {
  const applied = state.record?.applied ?? null;
  const approval = state.approval;
  if (approval === null || approval.head !== head || approval.applied !== applied) {
    return wait("the history is searched for an approval", { kind: "approval", head, applied });
  }
  if (approval.commit === undefined) return towardsApplied(state, refused);
  if (approval.commit === null) return towardsApplied(state, refused);
  const read = state.commits.get(approval.commit);
  if (read === undefined && !state.unreadable.has(approval.commit)) {
    return wait("the approved commit is being read", { kind: "commit", commit: approval.commit });
  }
  if (read?.kind !== "valid") return towardsApplied(state, refused);
  if (lacksReports(state, read.target)) return wait(REPORTS_MISSING);
  if (!read.target.isCompared) return wait(COMPARING);
  return { kind: "pursue", target: read.target, approved: true, refused: null };
}

// Head is no way to go: keep the bucket as the applied commit wants it.
function towardsApplied(state: State, refused: Refusal | null): Stance {
  const applied = state.record?.applied ?? null;
  const nothing = (reason: string): Stance => (refused === null ? wait(reason) : { kind: "refuse", refused, reason });
  if (applied === null) return nothing(state.git.trouble?.message ?? "no commit was applied yet");
  const read = state.commits.get(applied);
  if (read === undefined) {
    const unreadable = state.unreadable.get(applied);
    if (unreadable === undefined) return wait("the applied commit is being read", { kind: "commit", commit: applied });
    return nothing(`the applied commit cannot be had: ${unreadable.message}`);
  }
  if (read.kind === "invalid") return nothing(`the applied commit is not valid to this version: ${read.message}`);
  const judged = judge(state, read.target);
  if (judged === null) return pursue(read.target, refused);
  if (judged.kind === "wait") return judged;
  return { kind: "refuse", refused: refused ?? judged.refused, reason: judged.refused.message };
}

type Judged = Extract<Stance, { kind: "wait" }> | { readonly kind: "held"; readonly refused: Refusal };

// The blast radius; null where the pass may go on.
function judge(state: State, target: Target): Judged | null {
  if (lacksReports(state, target)) return wait(REPORTS_MISSING);
  if (!target.isCompared) return wait(COMPARING);
  const removes = target.open.remove;
  if (removes === 0) return null;
  const applied = appliedPrune(state, target);
  if (applied === "unknown") {
    return wait("the applied commit is read for its limits", { kind: "commit", commit: state.record?.applied ?? "" });
  }
  const of = state.holdings.values;
  const removals = { removes, of, remaining: of - removes + target.open.add };
  const judgement = judgeRemovals(removals, [target.fleet.settings.prune, ...applied]);
  if (!judgement.held) return null;
  const { message } = judgement;
  return { kind: "held", refused: { commit: target.commit, reason: "held", message, problems: 0, removes, of } };
}

const COMPARING = "the commit is being compared with the bucket";
const REPORTS_MISSING = "the fleet depends on what devices report, and device-info is missing, empty or not caught up";

function lacksReports(state: State, target: Target): boolean {
  return target.needsReports && (!state.synced["device-info"] || state.reports.size === state.reportsLost.size);
}

// The limits of the applied commit; the usual ones where it is gone for good.
function appliedPrune(state: State, target: Target): PruneSettings[] | "unknown" {
  const applied = state.record?.applied ?? null;
  if (applied === null || applied === target.commit) return [];
  const read = state.commits.get(applied);
  if (read?.kind === "valid") return [read.target.fleet.settings.prune];
  if (read?.kind === "invalid" || state.unreadable.get(applied)?.missing === true) return [DEFAULT_SETTINGS.prune];
  return "unknown";
}

/** Whether the markers that the pursued target needs may be written: the same limits, counted against all states. */
export function markersAllowed(state: State, target: Target, approved: boolean): boolean {
  if (approved || target.open.mark === 0) return true;
  // Nobody is left without a state by this, so only the share counts; `remaining: 1` leaves that rule out.
  const removals = { removes: target.open.mark, of: state.holdings.states, remaining: 1 };
  return !judgeRemovals(removals, [target.fleet.settings.prune]).held;
}

// Keys or a record of another fleet: nothing here may be touched, not even to say that a commit is refused.
function withoutForeigners(state: State, stance: Stance): Stance {
  if (stance.kind !== "pursue" && stance.kind !== "refuse") return stance;
  const target = stance.kind === "pursue" ? stance.target : (targetOf(state, state.git.head) ?? appliedTarget(state));
  if (target === null) return stance;
  const own = target.fleet.name;
  const recorded = state.record?.fleet ?? "";
  const name = recorded !== "" && recorded !== own ? recorded : state.holdings.foreignFleet(own);
  return name === null ? stance : { kind: "foreign-fleet", name, own };
}

function pursue(target: Target, refused: Refusal | null): Stance {
  return { kind: "pursue", target, approved: false, refused };
}

function wait(reason: string, need: Need | null = null): Extract<Stance, { kind: "wait" }> {
  return { kind: "wait", reason, need };
}

/** True where the record says that this target is applied or about to be: nobody may see keys of a commit that was not announced. */
export function isAnnounced({ record }: State, { commit }: Target): boolean {
  return record?.applied === commit || record?.applying === commit;
}

/** The target of the record's applied commit, where it is at hand. */
export function appliedTarget(state: State): Target | null {
  return targetOf(state, state.record?.applied ?? null);
}
