/** What the bot found out about a commit or a pull request, as data: everything that its texts are made of. */
import type { DistinctChange } from "#fleet/distinct-changes.ts";
import type { Problem } from "#fleet/problem.ts";

/** Whether one commit could be applied. */
export interface CommitJudgement {
  readonly commit: string;
  /** In order, at most PROBLEMS_KEPT_MAX. */
  readonly problems: readonly Problem[];
  readonly problemsTotal: number;
  readonly deployments: number;
  readonly devices: number;
}

/** What merging would give. `judged` is about the commit that the merge would make. */
export type MergeJudgement =
  | { readonly kind: "judged"; readonly judgement: CommitJudgement }
  | { readonly kind: "conflict" }
  | { readonly kind: "unknown" }
  /** Not asked, since the head itself is invalid. */
  | { readonly kind: "moot" };

/** How many keys of one deployment change. */
export interface DeploymentRow {
  readonly deployment: string;
  readonly updated: number;
  readonly added: number;
  readonly removed: number;
}

/** A deployment whose selector is worth a second look. */
export interface WideSelector {
  readonly deployment: string;
  readonly matches: "nothing" | "everything";
  readonly devices: number;
}

/** What a pull request would do: desired against desired, between the merge base and the head. */
export interface PlanReport {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  /** How many devices at least one change is for, and how many there are in base and head together. */
  readonly changedDevices: number;
  readonly devices: number;
  /** Most changes first. */
  readonly rows: readonly DeploymentRow[];
  /** Removals first, then by how many devices they are for. */
  readonly changes: readonly DistinctChange[];
  readonly selectors: readonly WideSelector[];
  /** Why the reconciler would hold it, or null. */
  readonly held: string | null;
  readonly warnings: readonly string[];
  /** True where the merge base itself is invalid: everything then counts as added. */
  readonly baseInvalid: boolean;
}

/** Everything about one pull request that its two or three commits say. */
export interface PullJudgement {
  readonly pull: number;
  readonly head: string;
  readonly mergeBase: string | null;
  /** The tip of the branch that the merge was judged against. */
  readonly baseTip: string;
  readonly own: CommitJudgement;
  readonly merge: MergeJudgement;
  /** Null where the head is invalid. */
  readonly plan: PlanReport | null;
}

/** More problems than anybody reads; the rest is counted. */
export const PROBLEMS_KEPT_MAX = 100;
