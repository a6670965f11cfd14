/** What should stand on the forge against what does stand there: the next write, if any. */
import type { CommitStatus, PullRequest } from "../forge/forge.ts";
import { clearedAnnotations, pullAnnotations } from "../texts/annotations.ts";
import { commentMarker, pullComment } from "../texts/pull-comment.ts";
import { rolloutMarkOf } from "../texts/rollout-section.ts";
import {
  commitValidateStatus,
  isFinalRollout,
  pullValidateStatus,
  ROLLOUT_CONTEXT,
  rolloutStatus,
  VALIDATE_CONTEXT,
} from "../texts/statuses.ts";
import type { Agenda } from "./agenda.ts";
import type { CommitFinding, Place } from "./events.ts";
import type { PullJudgement } from "./judgement.ts";
import { pullSubject, type BotEffect } from "./planned-effects.ts";
import type { Progress } from "./progress.ts";
import { followed, isFollowed, statusOf, type BotSetup, type BotState, type FollowedCommit } from "./state.ts";

const PLACES: readonly Place[] = ["forge"];
const INTERVAL_DEFAULT_MS = 60_000;

/** The next write in order: pull requests that people wait for, then commits of the branch, newest first. */
export function nextWrite(state: BotState, agenda: Agenda): BotEffect | null {
  for (const effect of wantedWrites(state, agenda)) if (agenda.isAwake(effect, PLACES)) return effect;
  return null;
}

function* wantedWrites(state: BotState, agenda: Agenda): Generator<BotEffect> {
  for (const pull of state.open) yield* pullWrites(state, pull);
  for (const commit of followed(state)) yield* commitWrites(state, commit, agenda);
}

function* pullWrites(state: BotState, pull: PullRequest): Generator<BotEffect> {
  const judgement = state.pullJudgements.get(pull.number);
  const { setup } = state;
  if (judgement === undefined || judgement.head !== pull.head || isBeingWorkedOut(state, judgement)) return;
  yield* statusWrite(state, pull.head, pullValidateStatus(judgement, setup.branch));
  yield* commentWrites(state, pull.number, () => planComment(setup, judgement), true);
  yield* annotationWrites(state, judgement);
}

/** So often the forge is asked what a merge gives before people are told that it is not known. */
const UNKNOWN_TOLD_AFTER = 4;

// Each time the branch moves, the forge needs a moment for each pull request: that is not worth two writes for each.
function isBeingWorkedOut(state: BotState, { pull, head, baseTip, merge }: PullJudgement): boolean {
  if (merge.kind !== "unknown" || statusOf(state, head, VALIDATE_CONTEXT) === null) return false;
  return (state.rests.get(pullSubject("judge-pull", pull, head, baseTip))?.attempt ?? 0) < UNKNOWN_TOLD_AFTER;
}

// One comment for each judgement: the same commits give the same text, so it is made once.
const planComments = new WeakMap<PullJudgement, string>();

function planComment(setup: BotSetup, judgement: PullJudgement): string {
  const known = planComments.get(judgement) ?? commentOf(setup, judgement, null);
  planComments.set(judgement, known);
  return known;
}

function commentOf(
  { branch, folder, forge }: BotSetup,
  judgement: PullJudgement,
  rollout: { readonly commit: string; readonly progress: Progress } | null,
): string {
  if (forge === null) throw new TypeError("there is no comment without a forge");
  return pullComment({ marker: commentMarker(branch, folder), branch, judgement, rollout, links: forge.links, folder });
}

function* statusWrite(state: BotState, commit: string, status: CommitStatus): Generator<BotEffect> {
  if (!state.commitFacts.has(commit)) return;
  const before = statusOf(state, commit, status.context);
  if (before?.state === status.state && before.description === status.description) return;
  yield { kind: "set-status", key: "write", commit, status };
}

/** `mayEdit`: false while the last edit is too fresh. The body is only made where it may be written. */
function* commentWrites(state: BotState, pull: number, body: () => string, mayEdit: boolean): Generator<BotEffect> {
  const facts = state.pullFacts.get(pull);
  if (facts === undefined) return;
  const [first, ...repeated] = facts.comments;
  if (first === undefined) yield { kind: "create-comment", key: "write", pull, body: body() };
  else if (mayEdit) {
    const text = body();
    if (!isSameText(first.body, text)) yield { kind: "edit-comment", key: "write", pull, id: first.id, body: text };
  }
  for (const { id } of repeated) yield { kind: "delete-comment", key: "write", pull, id };
}

// Forges keep line ends as they like, and cut white space at the end.
function isSameText(stands: string, wanted: string): boolean {
  return stands.replaceAll("\r\n", "\n").trimEnd() === wanted.trimEnd();
}

function* annotationWrites(state: BotState, judgement: PullJudgement): Generator<BotEffect> {
  const { setup, commitFacts } = state;
  const facts = commitFacts.get(judgement.head);
  if (setup.forge?.canAnnotate !== true || facts === undefined) return;
  const wanted = pullAnnotations(judgement, setup.branch, setup.folder);
  // A commit without problems needs no annotations, unless earlier ones are to be taken back.
  const annotations = wanted ?? (facts.annotationsId === null ? null : clearedAnnotations());
  if (annotations === null || annotations.id === facts.annotationsId) return;
  yield { kind: "annotate", key: "write", commit: judgement.head, annotations };
}

function* commitWrites(state: BotState, { commit, pull }: FollowedCommit, agenda: Agenda): Generator<BotEffect> {
  const finding = state.findings.get(commit);
  const progress = state.progress.get(commit);
  if (finding === undefined || progress === undefined || !state.commitFacts.has(commit)) return;
  if (!isFollowed(state, { commit, pull })) return;
  yield* statusWrite(state, commit, commitValidateStatus(finding.judgement));
  // Without NATS nothing is known about devices, and an old picture must not pass for the truth.
  if (!state.isWhole) return;
  const before = statusOf(state, commit, ROLLOUT_CONTEXT);
  const isKnown = pull !== null || commit !== state.head || state.isHeadConfirmed;
  if (isKnown && (before === null || !isFinalRollout(before))) yield* rolloutWrite(state, commit, progress, agenda);
  if (pull !== null && finding.pull !== null) yield* rolloutComment(state, { commit, pull, finding, progress }, agenda);
}

function* rolloutWrite(state: BotState, commit: string, progress: Progress, agenda: Agenda): Generator<BotEffect> {
  const before = statusOf(state, commit, ROLLOUT_CONTEXT);
  const status = rolloutStatus(progress, before);
  // Counts that go up are told once an interval; another state and the last word at once.
  const isTurn = before === null || before.state !== status.state || isFinalRollout(status);
  const sinceMs = state.rolloutSetAtMs.get(commit) ?? 0;
  if (!isTurn && before.description !== status.description && !agenda.isDue(sinceMs + intervalMs(state))) return;
  yield* statusWrite(state, commit, status);
}

function intervalMs(state: BotState): number {
  return state.status?.intervalMs ?? INTERVAL_DEFAULT_MS;
}

interface MergedPull extends FollowedCommit {
  readonly pull: PullRequest;
  readonly finding: CommitFinding;
  readonly progress: Progress;
}

function* rolloutComment(state: BotState, merged: MergedPull, agenda: Agenda): Generator<BotEffect> {
  const { commit, pull, finding } = merged;
  const first = state.pullFacts.get(pull.number)?.comments[0];
  const mark = first === undefined ? null : rolloutMarkOf(first.body);
  const progress = told(merged.progress, statusOf(state, commit, ROLLOUT_CONTEXT));
  if (finding.pull === null || progress === null || (mark?.commit === commit && mark.isFinal)) return;
  const body = rolloutText(state.setup, finding.pull, { commit, progress });
  // One edit an interval; the first one after the merge waits for nothing, since people look then.
  const isSame = first !== undefined && isSameText(first.body, body);
  const isFresh = first !== undefined && mark?.commit === commit && !isSame;
  const mayEdit = !isFresh || agenda.isDue(first.updatedAtMs + intervalMs(state));
  yield* commentWrites(state, pull.number, () => body, mayEdit);
}

// Once the status has said its last word the comment says the same, whatever the devices have done since.
function told(progress: Progress, status: CommitStatus | null): Progress | null {
  if (status === null || !isFinalRollout(status)) return progress;
  if (!("counts" in progress)) return null;
  const kind = status.state === "success" ? "done" : "superseded";
  return kind === progress.kind ? progress : { ...progress, kind };
}

const rolloutTexts = new WeakMap<Progress, { readonly commit: string; readonly text: string }>();

function rolloutText(
  setup: BotSetup,
  judgement: PullJudgement,
  rollout: { readonly commit: string; readonly progress: Progress },
): string {
  const known = rolloutTexts.get(rollout.progress);
  if (known?.commit === rollout.commit) return known.text;
  const text = commentOf(setup, judgement, rollout);
  rolloutTexts.set(rollout.progress, { commit: rollout.commit, text });
  return text;
}
