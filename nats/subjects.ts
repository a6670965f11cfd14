/** Where buckets and keys live in NATS: every KV client in every language uses the same names. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsOptions } from "./options.ts";

const DEFAULT_API_PREFIX = "$JS.API";

/** The filter of who follows all of a bucket. */
export const WHOLE = ">";

/** What KV clients accept, beside dots. */
const KEY_LETTERS = /[-/=\w]/;
const ASCII = 128;
const DOT = ".".charCodeAt(0);
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

/** Says where keys are published: KV clients put a foreign API prefix before the subject. */
export function publishSubjects(options: NatsOptions): (bucket: BucketName, key: string) => string {
  // Asked for each write; most are of the same bucket as the one before.
  let last: BucketName | null = null;
  let prefix = "";
  return (bucket, key) => {
    if (bucket !== last) {
      last = bucket;
      prefix = keyPrefixOf(options, bucket);
      if (options.apiPrefix !== DEFAULT_API_PREFIX) prefix = `${options.apiPrefix}.${prefix}`;
    }
    return prefix + key;
  };
}

const isKeyLetter = Array.from({ length: ASCII }, (_, code) => KEY_LETTERS.test(String.fromCharCode(code)));

/** True where every KV client can read and write this key: no dot at either end, and no two in a row. */
export function isKey(key: string): boolean {
  // Asked of each write: a loop takes a tenth of the time that an expression does.
  let before = DOT;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code === DOT ? before === DOT : isKeyLetter[code] !== true) return false;
    before = code;
  }
  return before !== DOT;
}

/** True where this names keys, by `*` and `>`, too. */
export function isKeyFilter(filter: string): boolean {
  return KEY_FILTER.test(filter);
}
