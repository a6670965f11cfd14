/** Says what is still missing: the next thing to do in each lane, and when to look again though nothing happened. */
import type { Decision } from "#runtime/loop.ts";
import type { PullRequest } from "../forge/forge.ts";
import { nextWrite } from "./next-write.ts";
import { Agenda } from "./agenda.ts";
import type { BotEffect } from "./planned-effects.ts";
import {
  CONFIRM_AFTER_MS,
  followed,
  isFollowed,
  isSettled,
  statusOf,
  statusSettings,
  type BotState,
  type FollowedCommit,
} from "./state.ts";
import { ROLLOUT_CONTEXT } from "../texts/statuses.ts";

/** Webhooks come in bursts: looks keep this distance. */
export const LOOK_DISTANCE_MS = 250;

/** What to do now. */
export function decide(state: BotState, nowMs: number): Decision<BotEffect> {
  const agenda = new Agenda(state, nowMs);
  const lanes = [
    nextLook(state, agenda),
    nextJudgement(state, agenda),
    ...forgeLanes(state, agenda),
    nextPublish(state, agenda),
  ];
  return { effects: lanes.filter((effect) => effect !== null), wakeAtMs: agenda.wakeAtMs };
}

function forgeLanes(state: BotState, agenda: Agenda): (BotEffect | null)[] {
  if (state.setup.forge === null) return [];
  return [nextRead(state, agenda), nextWrite(state, agenda)];
}

function nextLook(state: BotState, agenda: Agenda): BotEffect | null {
  const woken = state.wakes > state.wakesSeen;
  const soonMs = woken ? LOOK_DISTANCE_MS : state.isHeadConfirmed ? Number.POSITIVE_INFINITY : CONFIRM_AFTER_MS;
  const afterMs = Math.min(soonMs, state.setup.pollIntervalMs);
  if (state.lookedAtMs !== null && !agenda.isDue(state.lookedAtMs + afterMs)) return null;
  const effect: BotEffect = { kind: "look", key: "look", head: state.head, wakes: state.wakes };
  return agenda.isAwake(effect, ["forge", "git"]) ? effect : null;
}

// The branch comes first: what fleet.yaml says about status files is known from it.
function nextJudgement(state: BotState, agenda: Agenda): BotEffect | null {
  const wanted = [...headJudgement(state), ...pullJudgements(state), ...lineJudgements(state)];
  return wanted.find((effect) => agenda.isAwake(effect, ["forge", "git"])) ?? null;
}

function headJudgement(state: BotState): BotEffect[] {
  const { head, view, findings, status } = state;
  const first = followed(state)[0];
  if (head === null || first === undefined) return [];
  if (isMissing(state, first)) return isToldOf(state) ? [commitJudgement(state, first)] : [];
  const applied = view.record?.applied ?? null;
  // While head is invalid, the commit that is applied says where status files go.
  return status === null && applied !== null && !findings.has(applied)
    ? [commitJudgement(state, { commit: applied, pull: null })]
    : [];
}

// A commit may be seen before the forge tells which pull request it came from: it is then judged again.
function isMissing({ findings }: BotState, { commit, pull }: FollowedCommit): boolean {
  const finding = findings.get(commit);
  return finding === undefined || finding.pullNumber !== (pull?.number ?? null);
}

// Where the rollout of a push begins depends on which commits had one: all are to be seen first, or known to be hidden.
function isToldOf(state: BotState): boolean {
  if (state.setup.forge === null) return true;
  return followed(state).every(
    ({ commit }) => state.commitFacts.has(commit) || state.rests.has(`read-commit ${commit}`),
  );
}

function pullJudgements(state: BotState): BotEffect[] {
  const { head, open, pullJudgements: known } = state;
  if (head === null) return [];
  return open
    .filter((pull) => !isJudged(pull, head, known))
    .map((pull) => ({ kind: "judge-pull", key: "judge", pull, baseTip: head }));
}

function isJudged(pull: PullRequest, baseTip: string, known: BotState["pullJudgements"]): boolean {
  const judgement = known.get(pull.number);
  return judgement?.head === pull.head && judgement.baseTip === baseTip && judgement.merge.kind !== "unknown";
}

function lineJudgements(state: BotState): BotEffect[] {
  if (!isToldOf(state)) return [];
  return followed(state)
    .filter((one) => isFollowed(state, one) && !isSettled(state, one) && isMissing(state, one))
    .map((one) => commitJudgement(state, one));
}

function commitJudgement(state: BotState, { commit, pull }: FollowedCommit): BotEffect {
  return { kind: "judge-commit", key: "judge", commit, base: rolloutBase(state, commit), pull };
}

// A push may bring several commits: its rollout begins at the last one that had a rollout of its own.
function rolloutBase(state: BotState, commit: string): string | null {
  const at = state.line.findIndex(({ id }) => id === commit);
  if (at < 0) return null;
  const older = state.line.slice(at + 1);
  const told = older.find(({ id }) => statusOf(state, id, ROLLOUT_CONTEXT) !== null);
  return told?.id ?? state.line[at]?.parents[0] ?? null;
}

function nextRead(state: BotState, agenda: Agenda): BotEffect | null {
  const wanted = [...pullReads(state), ...commitReads(state)];
  return wanted.find((effect) => agenda.isAwake(effect, ["forge"])) ?? null;
}

// Anybody may have touched an open pull request since; a merged one is read once, and after each failure.
function pullReads(state: BotState): BotEffect[] {
  const open = state.open.filter((pull) => state.pullFacts.get(pull.number)?.updatedAt !== pull.updatedAt);
  const merged = followed(state).flatMap(({ pull }) =>
    pull === null || state.pullFacts.has(pull.number) ? [] : [pull],
  );
  return [...open, ...merged].map((pull) => ({ kind: "read-pull", key: "read", pull }));
}

function commitReads(state: BotState): BotEffect[] {
  const commits = [...state.open.map((pull) => pull.head), ...followed(state).map(({ commit }) => commit)];
  return commits
    .filter((commit) => !state.commitFacts.has(commit))
    .map((commit) => ({ kind: "read-commit", key: "read", commit }));
}

function nextPublish(state: BotState, agenda: Agenda): BotEffect | null {
  const { view, isWhole, setup } = state;
  const status = statusSettings(state);
  // Naming the tracked branch is an error of the repository: its validation says so, and nothing is written.
  if (status === null || status.branch === setup.branch) return null;
  if (!isWhole || view.record === null || view.version === state.publishedVersion) return null;
  if (!agenda.isDue(state.publishAtMs)) return null;
  const { branch, intervalMs } = status;
  const effect: BotEffect = { kind: "publish", key: "publish", branch, intervalMs, version: view.version };
  return agenda.isAwake(effect, ["status-branch"]) ? effect : null;
}
