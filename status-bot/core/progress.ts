/** How far a commit has come, as data. */

/** One device that failed what the commit asks of it. The error is a device's text: escape it. */
export interface FailedDevice {
  readonly device: string;
  readonly deployment: string;
  readonly error: string;
}

/** Counts of keys (one deployment on one device). `total = done + failed + pending + offline + superseded`, always. */
export interface RolloutCounts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Online, and not yet there. */
  readonly pending: number;
  /** Not yet there, and not waited for. */
  readonly offline: number;
  /** A later commit wants something else there. */
  readonly superseded: number;
  /** Among `done`: by agents that do not say which value they run. */
  readonly unverified: number;
}

/** Where a commit stands. */
export type Progress =
  /** The reconciler has not come to it. */
  | { readonly kind: "waiting" }
  | { readonly kind: "refused"; readonly message: string; readonly problems: number }
  | { readonly kind: "held"; readonly message: string; readonly removes: number; readonly of: number }
  | {
      readonly kind: "rolling" | "done" | "failed" | "superseded";
      readonly counts: RolloutCounts;
      /** At most FAILED_KEPT_MAX. */
      readonly failed: readonly FailedDevice[];
      /** The commit that is applied instead, where there is one. */
      readonly by: string | null;
    };

/** More failed devices than anybody reads; the rest is counted. */
export const FAILED_KEPT_MAX = 50;
