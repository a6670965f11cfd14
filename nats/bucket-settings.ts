/** What each bucket's stream looks like, so that key-value clients in every language can use it. */
import { BUCKETS, type BucketName } from "#schema/keys.ts";
import { streamOf } from "./subjects.ts";
import type { NatsOptions } from "./options.ts";

/** Buckets that devices write: one roll-up header could wipe them, so it is refused there. */
const WRITTEN_BY_DEVICES: ReadonlySet<BucketName> = new Set([
  BUCKETS.deviceState,
  BUCKETS.deviceInfo,
  BUCKETS.deviceHeartbeat,
]);
const DEVICE_MESSAGE_MAX_BYTES = 16 * 1024;
/** As other key-value clients have it: two minutes, in nanoseconds. */
const DUPLICATE_WINDOW_NS = 120_000_000_000;

/**
 * Each agent follows its keys with a consumer of its own. From 2.15 on a stream of which nobody says how many it may have
 * (not even -1 does) gets 1,000: the devices beyond them would never hear what they should run.
 */
const CONSUMERS_MAX = 10_000_000;

/** A stream's configuration, by the names of the JetStream API. */
export type StreamSettings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** All five, in the order in which they are created: the one that every program waits for last. */
export const ALL_BUCKETS: readonly BucketName[] = [
  BUCKETS.deviceState,
  BUCKETS.deviceInfo,
  BUCKETS.deviceHeartbeat,
  BUCKETS.desiredState,
  BUCKETS.fleet,
];

/** The stream of a bucket as this version creates it. */
export function bucketSettings(options: NatsOptions, bucket: BucketName, replicas: number): StreamSettings {
  const byDevices = WRITTEN_BY_DEVICES.has(bucket);
  return {
    name: streamOf(options, bucket),
    subjects: [`$KV.${options.bucketPrefix}${bucket}.>`],
    retention: "limits",
    storage: "file",
    discard: "new",
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msg_size: byDevices ? DEVICE_MESSAGE_MAX_BYTES : -1,
    max_consumers: CONSUMERS_MAX,
    duplicate_window: DUPLICATE_WINDOW_NS,
    allow_rollup_hdrs: !byDevices,
    allow_direct: true,
    deny_delete: true,
    deny_purge: false,
  };
}

/** Settings whose value matters to us; the others are compared by nobody. */
const COMPARED = [
  "subjects",
  "retention",
  "storage",
  "discard",
  "num_replicas",
  "max_msgs_per_subject",
  "max_msgs",
  "max_bytes",
  "max_age",
  "max_msg_size",
  "max_consumers",
  "allow_rollup_hdrs",
  "allow_direct",
  "deny_delete",
  "deny_purge",
] as const;

/** The settings in which `found` (as the server describes it) is not as `wanted`. */
export function differingSettings(
  wanted: StreamSettings,
  found: Readonly<Record<string, unknown>>,
): { setting: string; wanted: string; found: string }[] {
  return COMPARED.map((setting) => ({
    setting,
    wanted: JSON.stringify(wanted[setting]),
    // The server leaves out what is false or zero.
    found: JSON.stringify(found[setting] ?? emptyLike(wanted[setting])),
  })).filter((entry) => entry.wanted !== entry.found && !isUnlimited(entry));
}

/** Before 2.15 a bucket that was made without a limit has none. */
function isUnlimited({ setting, found }: { readonly setting: string; readonly found: string }): boolean {
  return setting === "max_consumers" && found === "-1";
}

function emptyLike(value: StreamSettings[string] | undefined): unknown {
  if (typeof value === "boolean") return false;
  if (typeof value === "number") return 0;
  return typeof value === "string" ? "" : [];
}
