/** All that the reconciler knows. Kept in place, not copied: a copy of 100,000 keys for each event would be the work. */
import type { Labels } from "#schema/labels.ts";
import type { DeviceId } from "#schema/names.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { FollowedBucket } from "./event.ts";
import { Numbering } from "#fleet/matches.ts";
import { Holdings } from "./holdings.ts";
import type { Target } from "./target.ts";

/** A commit that was read: something to pursue, or what is wrong with it. */
export type ReadCommit =
  | { readonly kind: "valid"; readonly target: Target }
  | { readonly kind: "invalid"; readonly problems: number; readonly message: string };

/** A commit that could not be read. */
export interface Unreadable {
  /** The repository does not have it (any more). */
  readonly missing: boolean;
  readonly message: string;
  readonly retryAtMs: number;
}

/** Whether the history between two commits allows to remove much. */
export interface Approval {
  readonly head: string;
  readonly applied: string | null;
  /** The commit that a trailer allows, null for none, undefined while it could not be found out. */
  readonly commit: string | null | undefined;
  readonly message: string;
  readonly retryAtMs: number;
}

export interface Settings {
  readonly branch: string;
  /** One pass and out. */
  readonly once: boolean;
  /** The numbers of devices and deployments in the commits that will be read; their own where left out. */
  readonly numbering?: Numbering;
  /** From so many values on a pass is large: the feed of the bucket is held meanwhile. */
  readonly largePass?: number;
}

export interface GitState {
  head: string | null;
  /** True after the first answer, whatever it was. */
  asked: boolean;
  nextPollAtMs: number;
  /** When the repository last told its head; null for never. */
  answeredAtMs: number | null;
  /** Somebody said that there is news; a poll that is under way may have asked too early. */
  pollWanted: boolean;
  /** Whether the repository was asked since the lease was taken: what was heard before may be older than what is applied. */
  askedAsWriter: "no" | "asking" | "yes";
  /** Why head is not known to be current; null when the last poll worked. */
  trouble: { readonly reason: string; readonly message: string } | null;
}

export interface State {
  readonly settings: Settings;
  readonly git: GitState;
  readonly commits: Map<string, ReadCommit>;
  readonly unreadable: Map<string, Unreadable>;
  approval: Approval | null;
  readonly holdings: Holdings;
  readonly reports: Map<DeviceId, Labels>;
  /** Devices whose report was lost without a marker: what they said last still counts, absence is no intent. */
  readonly reportsLost: Set<DeviceId>;
  /** Since when targets do not know the newest reports; null when they do. */
  reportsChangedAtMs: number | null;
  readonly synced: Record<FollowedBucket, boolean>;
  readonly unsyncedReason: Partial<Record<FollowedBucket, string>>;
  /** What the record last said; kept when somebody deletes it, since that undoes nothing. */
  record: ReconcilerRecord | null;
  /** False where nobody can read it: never written, deleted, or scribbled on. */
  recordThere: boolean;
  /** Of the record's key, its marker included; 0 where there is none. */
  recordRevision: number;
  /** The record's revision that was acknowledged to us and that the bucket has yet to tell. */
  recordAhead: number | null;
  leaseHeld: boolean;
  leaseReason: string;
  bucketsRetryAtMs: number;
  bucketsTrouble: string | null;
  /** Grows with each event: what was judged before may be judged otherwise now. */
  version: number;
  /** Grows when `desired-state` is lost: it may come back as another one, so what the old one acknowledged counts no more. */
  epoch: number;
  /** True while a pass is on its way. */
  isWriting: boolean;
  /** True while a large pass is written, and until the bucket has told all that it did not tell meanwhile. */
  isFeedHeld: boolean;
  writesRetryAtMs: number;
  writesTrouble: string | null;
  recordRetryAtMs: number;
  /** When the next marker may be due to be taken away; null for never. */
  unmarkAtMs: number | null;
  readonly counts: Counts;
}

/** What happened so far, for metrics. */
export interface Counts {
  readonly drift: { changed: number; deleted: number; foreign: number };
  readonly written: { put: number; delete: number; unmark: number };
  writesFailed: number;
  polls: number;
  pollsFailed: number;
  applied: number;
}

export function initialState(settings: Settings): State {
  return {
    settings,
    git: {
      head: null,
      asked: false,
      nextPollAtMs: 0,
      answeredAtMs: null,
      pollWanted: false,
      askedAsWriter: "no",
      trouble: null,
    },
    commits: new Map(),
    unreadable: new Map(),
    approval: null,
    holdings: new Holdings(settings.numbering ?? new Numbering()),
    reports: new Map(),
    reportsLost: new Set(),
    reportsChangedAtMs: null,
    synced: { "desired-state": false, "device-state": false, "device-info": false, fleet: false },
    unsyncedReason: {},
    record: null,
    recordThere: false,
    recordRevision: 0,
    recordAhead: null,
    leaseHeld: false,
    leaseReason: "asking for the lease",
    bucketsRetryAtMs: 0,
    bucketsTrouble: null,
    version: 0,
    epoch: 0,
    isWriting: false,
    isFeedHeld: false,
    writesRetryAtMs: 0,
    writesTrouble: null,
    recordRetryAtMs: 0,
    unmarkAtMs: null,
    counts: {
      drift: { changed: 0, deleted: 0, foreign: 0 },
      written: { put: 0, delete: 0, unmark: 0 },
      writesFailed: 0,
      polls: 0,
      pollsFailed: 0,
      applied: 0,
    },
  };
}

/** The target of a commit that was read and is valid, else null. */
export function targetOf(state: State, commit: string | null): Target | null {
  const read = commit === null ? undefined : state.commits.get(commit);
  return read?.kind === "valid" ? read.target : null;
}

/** Every valid commit that is kept. */
export function targets(state: State): Target[] {
  return [...state.commits.values()].flatMap((read) => (read.kind === "valid" ? [read.target] : []));
}
