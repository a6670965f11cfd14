/** Where buckets and keys live in NATS: every KV client in every language uses the same names. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsOptions } from "./options.ts";

const DEFAULT_API_PREFIX = "$JS.API";
/** What KV clients accept; not beginning or ending with a dot, no empty tokens. */
const KEY = /^[-/=\w]+(?:\.[-/=\w]+)*$/;
const KEY_FILTER = /^(?:(?:[-/=\w]+|\*)\.)*(?:[-/=\w]+|\*|>)$/;

/** The stream behind a bucket. */
export function streamOf(options: NatsOptions, bucket: BucketName): string {
  return `KV_${options.bucketPrefix}${bucket}`;
}

/** What stands before every key of a bucket. */
export function keyPrefixOf(options: NatsOptions, bucket: BucketName): string {
  return `$KV.${options.bucketPrefix}${bucket}.`;
}

/** The subject of a key in its bucket. */
export function subjectOf(options: NatsOptions, bucket: BucketName, key: string): string {
  return `${keyPrefixOf(options, bucket)}${key}`;
}

/** Where a key is published: KV clients put a foreign API prefix before the subject. */
export function publishSubjectOf(options: NatsOptions, bucket: BucketName, key: string): string {
  const subject = subjectOf(options, bucket, key);
  return options.apiPrefix === DEFAULT_API_PREFIX ? subject : `${options.apiPrefix}.${subject}`;
}

/** True where every KV client can read and write this key. */
export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** True where this names keys, by `*` and `>`, too. */
export function isKeyFilter(filter: string): boolean {
  return KEY_FILTER.test(filter);
}
