/** Everything the reconciler can do. At most one effect is in flight per `key`. */
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { Write, WriteRow } from "./write.ts";

export type Effect =
  | { readonly kind: "poll"; readonly key: "git" }
  | { readonly kind: "read-commit"; readonly key: "git"; readonly commit: string; readonly branchHead: string | null }
  | { readonly kind: "find-approval"; readonly key: "git"; readonly head: string; readonly applied: string | null }
  | { readonly kind: "ensure-buckets"; readonly key: "buckets" }
  | {
      readonly kind: "write";
      readonly key: "write";
      /** Asked for each write, right before it is sent. */
      readonly row: WriteRow;
      /** Markers that are due to be taken away when the row is through. */
      readonly unmarks: readonly Write[];
      /** So much that the bucket's own telling of it would double the work. */
      readonly isLarge: boolean;
      readonly commit: string;
      readonly fleet: string;
      readonly epoch: number;
    }
  | {
      readonly kind: "write-record";
      readonly key: "record";
      readonly record: ReconcilerRecord;
      readonly expectedRevision: number;
    }
  | { readonly kind: "rebuild"; readonly key: "rebuild" }
  /** Goes on comparing targets with the bucket, after everybody else had a turn. */
  | { readonly kind: "compare"; readonly key: "compare" };
