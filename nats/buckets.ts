/** The five buckets: created exactly as the wire contract says, used as they are where they exist. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsLink } from "./link.ts";

/** One setting of an existing bucket that is not as this version would create it. */
export interface BucketDifference {
  readonly bucket: BucketName;
  /** The stream setting, such as `allow_rollup_hdrs`. */
  readonly setting: string;
  readonly wanted: string;
  readonly found: string;
}

/** Creates the buckets that are missing and returns how the others differ. Throws NatsFailure. */
export declare function ensureBuckets(link: NatsLink, options: { replicas: number }): Promise<BucketDifference[]>;
/** How the existing buckets differ from what this version would create; missing ones are listed apart. Throws NatsFailure. */
export declare function compareBuckets(
  link: NatsLink,
  options: { replicas: number },
): Promise<{ missing: BucketName[]; differences: BucketDifference[] }>;
/** Resolves true when the bucket exists, false when `signal` aborted first. Needs the right to STREAM.INFO. */
export declare function waitForBucket(link: NatsLink, bucket: BucketName, signal: AbortSignal): Promise<boolean>;
