/** Everything the reconciler can see. Events are facts: a lost, repeated or reordered one does no harm. */
import type { FleetReading } from "#fleet/read.ts";
import type { Labels } from "#schema/labels.ts";
import type { DeviceId } from "#schema/names.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { Write } from "./write.ts";

/** The four buckets that are followed. */
export type FollowedBucket = "desired-state" | "device-state" | "device-info" | "fleet";

/** Those whose keys the core remembers, so that their feeds need not. */
export type RememberedBucket = "desired-state" | "device-state";

/** What a key of `desired-state` holds now. */
export type KeyChange =
  | {
      readonly kind: "put";
      readonly key: string;
      /** Of the value: see `fingerprintOf`. */
      readonly fingerprint: number;
      readonly revision: number;
      readonly fleet: string | null;
    }
  | { readonly kind: "marker"; readonly key: string; readonly revision: number }
  | { readonly kind: "absent"; readonly key: string };

/** What a key of `device-state` holds now. What a state says is nobody's business here. */
export interface StateChange {
  readonly kind: "put" | "marker" | "absent";
  readonly key: string;
}

/** A write that was acknowledged. */
export interface Written {
  readonly write: Write;
  /** 0 where a marker was taken away. */
  readonly revision: number;
}

export type Event =
  | { readonly kind: "head"; readonly commit: string; readonly nextPollInMs: number }
  | {
      readonly kind: "head-unreadable";
      readonly reason: string;
      readonly message: string;
      readonly nextPollInMs: number;
    }
  | { readonly kind: "poll-wanted" }
  | { readonly kind: "poll-started" }
  | { readonly kind: "commit"; readonly commit: string; readonly reading: FleetReading }
  | {
      readonly kind: "commit-unreadable";
      readonly commit: string;
      readonly missing: boolean;
      readonly message: string;
      readonly retryInMs: number;
    }
  | {
      readonly kind: "approval";
      readonly head: string;
      readonly applied: string | null;
      readonly commit: string | null;
    }
  | {
      readonly kind: "approval-unknown";
      readonly head: string;
      readonly applied: string | null;
      readonly message: string;
      readonly retryInMs: number;
    }
  | { readonly kind: "keys"; readonly changes: readonly KeyChange[] }
  | { readonly kind: "states"; readonly changes: readonly StateChange[] }
  | {
      readonly kind: "infos";
      /** `lost`: gone without a marker, such as with the whole bucket; null: somebody removed it. */
      readonly changes: readonly { readonly device: DeviceId; readonly labels: Labels | "lost" | null }[];
    }
  /** `own`: this process wrote it, and the bucket has yet to tell so. */
  | {
      readonly kind: "record";
      readonly record: ReconcilerRecord | null;
      readonly revision: number;
      readonly own: boolean;
    }
  | { readonly kind: "synced"; readonly bucket: FollowedBucket }
  | { readonly kind: "unsynced"; readonly bucket: FollowedBucket; readonly reason: string }
  | { readonly kind: "lease"; readonly held: boolean; readonly reason: string }
  | { readonly kind: "buckets-ensured" }
  | { readonly kind: "buckets-missing"; readonly message: string; readonly retryInMs: number }
  /** Everything in a bucket is about to be told anew. */
  | { readonly kind: "forgotten"; readonly bucket: RememberedBucket }
  | { readonly kind: "writes-started" }
  /** The bucket tells nothing until the pass is over; `synced` says that it has told all again. */
  | { readonly kind: "feed-held" }
  | {
      readonly kind: "written";
      readonly fleet: string;
      /** In which the writes were sent: see `State.epoch`. */
      readonly epoch: number;
      readonly written: readonly Written[];
    }
  | {
      readonly kind: "writes-done";
      readonly epoch: number;
      /** Keys that somebody else wrote meanwhile, and what they hold now: the bucket may be slow to tell. */
      readonly conflicts: readonly KeyChange[];
      readonly failed: number;
      readonly message: string;
      readonly retryInMs: number;
    }
  | { readonly kind: "record-failed"; readonly message: string; readonly retryInMs: number }
  | { readonly kind: "rebuild" }
  | { readonly kind: "compare" };
