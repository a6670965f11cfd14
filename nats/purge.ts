/** Takes messages out of a bucket without leaving a marker: the last step after everybody has seen the marker. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsLink } from "./link.ts";

/**
 * Removes what a key (or keys: `*` and `>` work) holds, only up to and including `upToRevision` where given.
 * Readers are not told: write a DEL marker first. Returns how many messages went. Throws NatsFailure.
 */
export declare function purgeKey(
  link: NatsLink,
  target: { bucket: BucketName; key: string; upToRevision?: number },
): Promise<number>;
