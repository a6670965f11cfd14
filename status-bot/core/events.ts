/** Everything the bot can see happen. */
import type { CommitStatus, ForgeCommit, OwnComment, PullRequest } from "../forge/forge.ts";
import type { CommitJudgement, PullJudgement } from "./judgement.ts";
import type { BotEffect } from "./planned-effects.ts";
import type { RolloutScope } from "./rollout.ts";

/** What fleet.yaml says about status files. */
export interface StatusSettings {
  readonly branch: string;
  readonly intervalMs: number;
}

/** What the forge and git answered to a look. */
export interface Looked {
  readonly open: readonly PullRequest[];
  readonly merged: readonly PullRequest[];
  readonly head: string;
  /** First parents of the branch, newest first; null where nothing moved since `head` was seen last. */
  readonly line: readonly ForgeCommit[] | null;
  /** How many webhooks had come when the look began. */
  readonly wakes: number;
}

/** What was found out about a commit of the branch. */
export interface CommitFinding {
  readonly judgement: CommitJudgement;
  /** Null where the commit is invalid. */
  readonly scope: RolloutScope | null;
  /** Null where the commit is invalid. */
  readonly settings: StatusSettings | null;
  /** The pull request that it merged, as far as that was known; null for other commits. */
  readonly pullNumber: number | null;
  /** What that pull request had promised. */
  readonly pull: PullJudgement | null;
}

export type BotEvent =
  /** A webhook came: look now. What it said is not trusted. */
  | { readonly kind: "woken" }
  | ({ readonly kind: "looked" } & Looked)
  | { readonly kind: "pull-judged"; readonly judgement: PullJudgement }
  | ({ readonly kind: "commit-judged"; readonly commit: string } & CommitFinding)
  | {
      readonly kind: "pull-read";
      readonly pull: number;
      readonly updatedAt: string;
      readonly comments: readonly OwnComment[];
    }
  | {
      readonly kind: "commit-read";
      readonly commit: string;
      readonly statuses: readonly CommitStatus[];
      readonly annotationsId: string | null;
    }
  | { readonly kind: "status-set"; readonly commit: string; readonly status: CommitStatus }
  | { readonly kind: "annotated"; readonly commit: string; readonly id: string }
  | { readonly kind: "comment-written"; readonly pull: number; readonly comment: OwnComment; readonly created: boolean }
  | { readonly kind: "comment-deleted"; readonly pull: number; readonly id: number }
  | { readonly kind: "published"; readonly version: number; readonly waitMs: number }
  /** What NATS says may have changed. `isWhole`: everything in the buckets has been seen. */
  | { readonly kind: "fleet-changed"; readonly isWhole: boolean }
  | Failure;

/** An effect did not come about. */
export interface Failure {
  readonly kind: "failed";
  readonly effect: BotEffect;
  /** Who is troubled: then everything that needs them rests. Null: only this one thing rests. */
  readonly place: Place | null;
  /** How long to rest at least, in milliseconds; null where nobody said. */
  readonly retryAfterMs: number | null;
  /** [0, 1): so that two bots do not try again in step. */
  readonly chance: number;
  readonly message: string;
}

/** What the bot depends on. */
export type Place = "forge" | "git" | "status-branch";
