/** The five buckets: created exactly as the wire contract says, used as they are where they exist. */
import { backoffMs } from "#runtime/backoff.ts";
import { sleep } from "#runtime/clock.ts";
import type { BucketName } from "#schema/keys.ts";
import { ALL_BUCKETS, bucketSettings, differingSettings } from "./bucket-settings.ts";
import { JS_CODES, NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { apiRequest } from "./request.ts";
import { streamInfo } from "./stream-info.ts";

const WAIT_BASE_MS = 200;
const WAIT_MAX_MS = 5_000;

/** One setting of an existing bucket that is not as this version would create it. */
export interface BucketDifference {
  readonly bucket: BucketName;
  /** The stream setting, such as `allow_rollup_hdrs`. */
  readonly setting: string;
  readonly wanted: string;
  readonly found: string;
}

/** How many copies a cluster keeps of each message. */
export interface BucketOptions {
  readonly replicas: number;
}

/** Creates the buckets that are missing and returns how the others differ. Throws NatsFailure. */
export async function ensureBuckets(link: NatsLink, options: BucketOptions): Promise<BucketDifference[]> {
  const { missing, differences } = await compareBuckets(link, options);
  for (const bucket of missing) await createBucket(link, bucket, options);
  return differences;
}

/** How the existing buckets differ from what this version would create; missing ones are listed apart. Throws NatsFailure. */
export async function compareBuckets(
  link: NatsLink,
  { replicas }: BucketOptions,
): Promise<{ missing: BucketName[]; differences: BucketDifference[] }> {
  const missing: BucketName[] = [];
  const differences: BucketDifference[] = [];
  for (const bucket of ALL_BUCKETS) {
    const info = await streamInfo(link, bucket);
    if (info === null) missing.push(bucket);
    else {
      const wanted = bucketSettings(link.options, bucket, replicas);
      differences.push(...differingSettings(wanted, info.config).map((entry) => ({ bucket, ...entry })));
    }
  }
  return { missing, differences };
}

/** Resolves true when the bucket exists, false when `signal` aborted first. Needs the right to STREAM.INFO. */
export async function waitForBucket(link: NatsLink, bucket: BucketName, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    await link.whenConnected(signal);
    try {
      if (!signal.aborted && (await streamInfo(link, bucket)) !== null) return true;
    } catch (error) {
      if (!(error instanceof NatsFailure) || error.advice === "person") throw error;
    }
    await sleep(
      WAIT_BASE_MS / 2 + backoffMs({ attempt, baseMs: WAIT_BASE_MS, maxMs: WAIT_MAX_MS }, Math.random),
      signal,
    );
  }
  return false;
}

async function createBucket(link: NatsLink, bucket: BucketName, { replicas }: BucketOptions): Promise<void> {
  const body = bucketSettings(link.options, bucket, replicas);
  try {
    await apiRequest(link, {
      subject: `STREAM.CREATE.${link.streamOf(bucket)}`,
      body,
      doing: `create the bucket ${bucket}`,
    });
    link.logger.info({ bucket, replicas }, "created a bucket");
  } catch (error) {
    // Somebody else created it in this moment, with other settings: it is used as it is.
    if (error instanceof NatsFailure && error.code === JS_CODES.streamNameInUse) return;
    throw error;
  }
}
