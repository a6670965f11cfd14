/** Everything the reconciler can do. At most one effect is in flight per `key`. */
import type { ReconcilerRecord } from "#schema/wire.ts";

/** One change of one key of `desired-state`, refused where the key's revision is another. */
export type Write =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly text: string;
      readonly digest: string;
      readonly expectedRevision: number;
    }
  /** Leaves a DEL marker; also where there is no value, for a device that has to stop something. */
  | { readonly kind: "delete"; readonly key: string; readonly expectedRevision: number }
  /** Takes the marker away: the device's state is gone. */
  | { readonly kind: "unmark"; readonly key: string; readonly expectedRevision: number };

export type Effect =
  | { readonly kind: "poll"; readonly key: "git" }
  | { readonly kind: "read-commit"; readonly key: "git"; readonly commit: string; readonly branchHead: string | null }
  | { readonly kind: "find-approval"; readonly key: "git"; readonly head: string; readonly applied: string | null }
  | { readonly kind: "ensure-buckets"; readonly key: "buckets" }
  | {
      readonly kind: "write";
      readonly key: "write";
      readonly writes: readonly Write[];
      readonly commit: string;
      readonly fleet: string;
    }
  | {
      readonly kind: "write-record";
      readonly key: "record";
      readonly record: ReconcilerRecord;
      readonly expectedRevision: number;
    }
  | { readonly kind: "rebuild"; readonly key: "rebuild" };
