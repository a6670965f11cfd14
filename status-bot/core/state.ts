/** What the bot knows: what it last saw on the forge and in git, what it found out, and the picture NATS gives. */
import { DEFAULT_SETTINGS } from "#fleet/fleet.ts";
import type { CommitStatus, ForgeCommit, ForgeLinks, OwnComment, PullRequest } from "../forge/forge.ts";
import type { CommitFinding, StatusSettings } from "./events.ts";
import type { LiveFleet } from "#fleet/live-fleet.ts";
import type { PullJudgement } from "./judgement.ts";
import type { Progress } from "./progress.ts";
import { rolloutMarkOf } from "../texts/rollout-section.ts";
import { isFinalRollout, ROLLOUT_CONTEXT, VALIDATE_CONTEXT } from "../texts/statuses.ts";
import { standingOf } from "./rollout.ts";

/** What does not change while the bot runs. */
export interface BotSetup {
  /** The tracked branch. */
  readonly branch: string;
  /** Folder of the fleet within the repository, `""` for its root. */
  readonly folder: string;
  readonly pollIntervalMs: number;
  /** Null without a forge: then there are status files only. */
  readonly forge: { readonly links: ForgeLinks; readonly canAnnotate: boolean } | null;
}

/** What stands on a pull request. */
export interface PullFacts {
  readonly updatedAt: string;
  readonly comments: readonly OwnComment[];
}

/** What stands beside a commit. */
export interface CommitFacts {
  readonly statuses: readonly CommitStatus[];
  readonly annotationsId: string | null;
}

/** Something that failed waits until then. */
export interface Rest {
  readonly attempt: number;
  readonly untilMs: number;
  readonly message: string;
}

export interface BotState {
  readonly setup: BotSetup;
  readonly view: LiveFleet;
  /** True while everything that is in the buckets has been seen. */
  readonly isWhole: boolean;
  readonly lookedAtMs: number | null;
  /** How many webhooks came, and how many of them the last look began after. */
  readonly wakes: number;
  readonly wakesSeen: number;
  readonly head: string | null;
  /** When this head was seen first. */
  readonly headSeenAtMs: number;
  /** A look CONFIRM_AFTER_MS later found the same head: by then the forge tells which pull request brought it. */
  readonly isHeadConfirmed: boolean;
  readonly line: readonly ForgeCommit[];
  readonly open: readonly PullRequest[];
  readonly merged: readonly PullRequest[];
  readonly pullJudgements: ReadonlyMap<number, PullJudgement>;
  readonly findings: ReadonlyMap<string, CommitFinding>;
  readonly progress: ReadonlyMap<string, Progress>;
  readonly pullFacts: ReadonlyMap<number, PullFacts>;
  readonly commitFacts: ReadonlyMap<string, CommitFacts>;
  /** When this bot last wrote a rollout status; a restart forgets it, and is then one status early. */
  readonly rolloutSetAtMs: ReadonlyMap<string, number>;
  /** By place or subject. */
  readonly rests: ReadonlyMap<string, Rest>;
  readonly status: StatusSettings | null;
  /** What NATS had said when the status branch was last brought up to date. */
  readonly publishedVersion: number;
  readonly publishAtMs: number;
}

/** A bot that knows nothing yet. */
export function initialState(setup: BotSetup, view: LiveFleet): BotState {
  return {
    setup,
    view,
    isWhole: false,
    lookedAtMs: null,
    wakes: 0,
    wakesSeen: 0,
    head: null,
    headSeenAtMs: 0,
    isHeadConfirmed: false,
    line: [],
    open: [],
    merged: [],
    pullJudgements: new Map(),
    findings: new Map(),
    progress: new Map(),
    pullFacts: new Map(),
    commitFacts: new Map(),
    rolloutSetAtMs: new Map(),
    rests: new Map(),
    status: null,
    publishedVersion: -1,
    publishAtMs: 0,
  };
}

/** Where status files go; null while that is not known. */
export function statusSettings({ status, head, findings, view }: BotState): StatusSettings | null {
  if (status !== null) return status;
  const finding = head === null ? undefined : findings.get(head);
  const applied = view.record?.applied ?? null;
  const isHopeless = applied === null || findings.get(applied)?.settings === null;
  // Where no commit says anything valid, a person has to be told so all the same.
  return finding?.settings === null && isHopeless ? STATUS_DEFAULTS : null;
}

const STATUS_DEFAULTS: StatusSettings = {
  branch: DEFAULT_SETTINGS.statusBranch,
  intervalMs: DEFAULT_SETTINGS.statusIntervalMs,
};

/** The first-parent line of the branch as ids, newest first. */
export function lineIds(state: BotState): readonly string[] {
  return state.line.map((commit) => commit.id);
}

/** A forge may move the branch a moment before it tells which pull request that was. */
export const CONFIRM_AFTER_MS = 2_000;

/** How many commits of the branch are followed: what is older has had its time. */
export const FOLLOWED_MAX = 20;

/** A commit of the branch whose statuses the bot keeps, and the pull request it came from. */
export interface FollowedCommit {
  readonly commit: string;
  readonly pull: PullRequest | null;
}

/** The newest commits of the branch, newest first. */
export function followed(state: BotState): FollowedCommit[] {
  return state.line.slice(0, FOLLOWED_MAX).map(({ id }) => ({
    commit: id,
    pull: state.merged.find(({ mergedAs }) => mergedAs === id) ?? null,
  }));
}

/** The status of one context that stands beside a commit, null for none. */
export function statusOf(state: BotState, commit: string, context: string): CommitStatus | null {
  return state.commitFacts.get(commit)?.statuses.find((status) => status.context === context) ?? null;
}

/**
 * True for commits that the bot has something to say about: head, those it spoke about before (a rollout status, a
 * comment on their pull request), and merges that the reconciler has not come to. What was there before the bot is left alone.
 */
export function isFollowed(state: BotState, { commit, pull }: FollowedCommit): boolean {
  if (commit === state.head || statusOf(state, commit, ROLLOUT_CONTEXT) !== null) return true;
  if (pull === null) return false;
  if ((state.pullFacts.get(pull.number)?.comments.length ?? 0) > 0) return true;
  const applied = state.view.record?.applied ?? null;
  return applied !== null && !standingOf(commit, lineIds(state), applied).isReached;
}

/** True once both the rollout status and the comment said their last word: after a restart nobody looks again. */
export function isSettled(state: BotState, { commit, pull }: FollowedCommit): boolean {
  const rollout = statusOf(state, commit, ROLLOUT_CONTEXT);
  const isTold = rollout !== null && isFinalRollout(rollout) && statusOf(state, commit, VALIDATE_CONTEXT) !== null;
  if (!isTold || pull === null) return isTold;
  const mark = rolloutMarkOf(state.pullFacts.get(pull.number)?.comments[0]?.body ?? "");
  return mark?.commit === commit && mark.isFinal;
}
