/** Records what was seen. Decides nothing. */
import { isDeepStrictEqual } from "node:util";
import { backoffMs } from "#runtime/backoff.ts";
import type { OwnComment } from "../forge/forge.ts";
import type { BotEvent, Failure, Looked } from "./events.ts";
import type { Progress } from "./progress.ts";
import { ROLLOUT_CONTEXT } from "../texts/statuses.ts";
import { pullSubject, subjectOf } from "./planned-effects.ts";
import { progressOf } from "./rollout.ts";
import { CONFIRM_AFTER_MS, followed, lineIds, type BotState, type Rest } from "./state.ts";

/** After a failure that everything waits out. */
const PLACE_REST = { baseMs: 500, maxMs: 60_000 };
/** After a failure that needs a person: asked again now and then, since the person may have come. */
const SUBJECT_REST = { baseMs: 10_000, maxMs: 600_000 };
/** While the forge works out what a merge gives. */
/** GitHub works out a merge within a moment; each look of ours costs a call, so the pauses double. */
const UNKNOWN_REST = { baseMs: 200, maxMs: 60_000 };
const RESTS_MAX = 1_000;
/** So long after its end nobody knows any more that something rested: its next failure is a first one. */
const REST_FORGOTTEN_MS = 900_000;

/** The state after an event. */
export function observe(state: BotState, event: BotEvent, nowMs: number): BotState {
  return well(recorded(state, event, nowMs), troubleless(state, event), nowMs);
}

function recorded(state: BotState, event: BotEvent, nowMs: number): BotState {
  switch (event.kind) {
    case "woken":
      return { ...state, wakes: state.wakes + 1 };
    case "looked":
      return withProgress(looked(state, event, nowMs));
    case "pull-judged":
      return pullJudged(state, event, nowMs);
    case "commit-judged":
      return withProgress(commitJudged(state, event));
    case "pull-read":
      return { ...state, pullFacts: withEntry(state.pullFacts, event.pull, pullFactsOf(event, nowMs)) };
    case "commit-read": {
      const { statuses, annotationsId } = event;
      return { ...state, commitFacts: withEntry(state.commitFacts, event.commit, { statuses, annotationsId }) };
    }
    case "status-set":
      return statusSet(state, event, nowMs);
    case "annotated": {
      const statuses = state.commitFacts.get(event.commit)?.statuses ?? [];
      return {
        ...state,
        commitFacts: withEntry(state.commitFacts, event.commit, { statuses, annotationsId: event.id }),
      };
    }
    case "comment-written":
      return commentWritten(state, event, nowMs);
    case "comment-deleted":
      return commentDeleted(state, event);
    case "published":
      return { ...state, publishedVersion: event.version, publishAtMs: nowMs + event.waitMs };
    case "fleet-changed":
      return withProgress({ ...state, isWhole: event.isWhole });
    case "failed":
      return failed(state, event, nowMs);
  }
}

/** Who was not in trouble when this came about, as the keys of rests. */
function troubleless({ setup }: BotState, event: BotEvent): string[] {
  switch (event.kind) {
    case "looked":
      return ["git", ...(setup.forge === null ? [] : ["forge"])];
    case "pull-judged": {
      const { pull, head, baseTip, merge } = event.judgement;
      return ["forge", "git", ...(merge.kind === "unknown" ? [] : [pullSubject("judge-pull", pull, head, baseTip)])];
    }
    case "commit-judged":
      return ["git", `judge-commit ${event.commit}`];
    case "pull-read":
      return ["forge", `read-pull #${event.pull}`];
    case "commit-read":
      return ["forge", `read-commit ${event.commit}`];
    case "status-set":
      return ["forge", `set-status ${event.commit} ${event.status.context}`];
    case "annotated":
      return ["forge", `annotate ${event.commit}`];
    case "comment-written":
      return ["forge", `create-comment #${event.pull}`, `edit-comment #${event.pull}`];
    case "comment-deleted":
      return ["forge", `delete-comment #${event.pull}`];
    case "published":
      return ["status-branch"];
    case "woken":
    case "fleet-changed":
    case "failed":
      return [];
  }
}

type Seen<K extends BotEvent["kind"]> = Extract<BotEvent, { kind: K }>;

function looked(state: BotState, { open, merged, head, line, wakes }: Looked, nowMs: number): BotState {
  const headSeenAtMs = head === state.head ? state.headSeenAtMs : nowMs;
  const isHeadConfirmed = nowMs - headSeenAtMs >= CONFIRM_AFTER_MS;
  const seen = { open, merged, head, headSeenAtMs, isHeadConfirmed, line: line ?? state.line };
  const next = { ...state, ...seen, lookedAtMs: nowMs, wakesSeen: wakes };
  // What nobody looks at any more is forgotten; the forge and NATS still know it.
  const commits = new Set([...lineIds(next), ...open.map((pull) => pull.head)]);
  const pulls = new Set([...open, ...merged].map((pull) => pull.number));
  return {
    ...next,
    pullJudgements: kept(state.pullJudgements, new Set(open.map((pull) => pull.number))),
    findings: kept(state.findings, new Set([...commits, ...applied(state)])),
    commitFacts: kept(state.commitFacts, commits),
    rolloutSetAtMs: kept(state.rolloutSetAtMs, commits),
    pullFacts: kept(state.pullFacts, pulls),
    rests: new Map([...state.rests].filter(([, rest]) => rest.untilMs > nowMs - REST_FORGOTTEN_MS)),
  };
}

function applied({ view }: BotState): string[] {
  return typeof view.record?.applied === "string" ? [view.record.applied] : [];
}

function pullJudged(state: BotState, { judgement }: Seen<"pull-judged">, nowMs: number): BotState {
  const { pull, head, baseTip, merge } = judgement;
  const judged = { ...state, pullJudgements: withEntry(state.pullJudgements, pull, judgement) };
  if (merge.kind !== "unknown") return judged;
  const subject = pullSubject("judge-pull", pull, head, baseTip);
  const how = { limits: UNKNOWN_REST, chance: 1, nowMs, message: "the merge is being worked out" };
  return { ...judged, rests: withEntry(state.rests, subject, restAfter(state.rests.get(subject), how)) };
}

function commitJudged(state: BotState, event: Seen<"commit-judged">): BotState {
  const { commit, judgement, scope, settings, pullNumber, pull } = event;
  const findings = withEntry(state.findings, commit, { judgement, scope, settings, pullNumber, pull });
  const head = state.head === null ? undefined : findings.get(state.head);
  // Head decides; while it is invalid the commit that is applied does.
  const status = head?.settings ?? (commit === state.head ? state.status : (settings ?? state.status));
  return { ...state, findings, status };
}

function statusSet(state: BotState, { commit, status }: Seen<"status-set">, nowMs: number): BotState {
  const facts = state.commitFacts.get(commit);
  const others = (facts?.statuses ?? []).filter(({ context }) => context !== status.context);
  const commitFacts = withEntry(state.commitFacts, commit, {
    statuses: [...others, status],
    annotationsId: facts?.annotationsId ?? null,
  });
  const isRollout = status.context === ROLLOUT_CONTEXT;
  const rolloutSetAtMs = isRollout ? withEntry(state.rolloutSetAtMs, commit, nowMs) : state.rolloutSetAtMs;
  return { ...state, commitFacts, rolloutSetAtMs };
}

function pullFactsOf(
  { updatedAt, comments }: Seen<"pull-read">,
  nowMs: number,
): {
  updatedAt: string;
  comments: readonly OwnComment[];
} {
  return { updatedAt, comments: comments.map((comment) => notInFuture(comment, nowMs)) };
}

// The forge's clock may run ahead of ours: that must not hold back the next edit for longer than an interval.
function notInFuture(comment: OwnComment, nowMs: number): OwnComment {
  return comment.updatedAtMs <= nowMs ? comment : { ...comment, updatedAtMs: nowMs };
}

function commentWritten(state: BotState, { pull, comment, created }: Seen<"comment-written">, nowMs: number): BotState {
  const facts = state.pullFacts.get(pull);
  const written = notInFuture(comment, nowMs);
  const comments = [written, ...(facts?.comments ?? []).filter(({ id }) => id !== comment.id)];
  // A second bot may have created one in the same moment: only reading again tells.
  const pullFacts = created
    ? without(state.pullFacts, pull)
    : withEntry(state.pullFacts, pull, { updatedAt: facts?.updatedAt ?? "", comments: comments.toSorted(byId) });
  return { ...state, pullFacts };
}

function byId(a: OwnComment, b: OwnComment): number {
  return a.id - b.id;
}

function commentDeleted(state: BotState, { pull, id }: Seen<"comment-deleted">): BotState {
  const facts = state.pullFacts.get(pull);
  if (facts === undefined) return state;
  const comments = facts.comments.filter((comment) => comment.id !== id);
  return { ...state, pullFacts: withEntry(state.pullFacts, pull, { ...facts, comments }) };
}

function failed(state: BotState, { effect, place, retryAfterMs, chance, message }: Failure, nowMs: number): BotState {
  const key = place ?? subjectOf(effect);
  const limits = place === null ? SUBJECT_REST : PLACE_REST;
  const rest = restAfter(state.rests.get(key), { limits, chance, nowMs, message });
  const untilMs = Math.max(rest.untilMs, nowMs + (retryAfterMs ?? 0));
  const forgotten = afterFailure(state, effect);
  const rests = withEntry(forgotten.rests, key, { ...rest, untilMs });
  return { ...forgotten, rests: rests.size > RESTS_MAX ? new Map([...rests].slice(-RESTS_MAX)) : rests };
}

// A write without an answer may have happened: what stands there is to be read again before anything is decided.
function afterFailure(state: BotState, effect: Failure["effect"]): BotState {
  switch (effect.kind) {
    case "create-comment":
    case "edit-comment":
    case "delete-comment":
      return { ...state, pullFacts: without(state.pullFacts, effect.pull) };
    case "set-status":
    case "annotate":
      return { ...state, commitFacts: without(state.commitFacts, effect.commit) };
    case "look":
    case "judge-pull":
    case "judge-commit":
    case "read-pull":
    case "read-commit":
    case "publish":
      return state;
  }
}

function restAfter(
  before: Rest | undefined,
  how: {
    readonly limits: { readonly baseMs: number; readonly maxMs: number };
    readonly chance: number;
    readonly nowMs: number;
    readonly message: string;
  },
): Rest {
  const attempt = (before?.attempt ?? -1) + 1;
  // Half of the wait is certain: a place in trouble is never asked in a hot loop.
  const waitMs = how.limits.baseMs / 2 + backoffMs({ attempt, ...how.limits }, () => how.chance);
  return { attempt, untilMs: how.nowMs + waitMs, message: how.message };
}

function withProgress(state: BotState): BotState {
  const line = lineIds(state);
  const recordHead = state.view.record?.head ?? null;
  // The reconciler saw a commit that we have not: what it says cannot be placed before the next look.
  if (recordHead !== null && !line.includes(recordHead)) return state;
  const progress = new Map<string, Progress>();
  for (const { commit } of followed(state)) {
    const finding = state.findings.get(commit);
    if (finding === undefined) continue;
    const now = progressOf(commit, finding.scope, { view: state.view, line });
    const before = state.progress.get(commit);
    // The same object while nothing changed: texts are made from it once.
    progress.set(commit, before !== undefined && isDeepStrictEqual(before, now) ? before : now);
  }
  return { ...state, progress };
}

// What went well ends a rest that is over. One that is still running was asked for by an answer that came later or
// elsewhere: an effect that was under way at that moment says nothing about it.
function well(state: BotState, keys: readonly string[], nowMs: number): BotState {
  const over = keys.filter((key) => (state.rests.get(key)?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs);
  if (over.length === 0) return state;
  const rests = new Map(state.rests);
  for (const key of over) rests.delete(key);
  return { ...state, rests };
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

function kept<K, V>(map: ReadonlyMap<K, V>, keys: ReadonlySet<K>): ReadonlyMap<K, V> {
  return new Map([...map].filter(([key]) => keys.has(key)));
}
