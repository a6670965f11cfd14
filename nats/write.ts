/** One change to one key of a bucket, as it is asked for. */
import type { BucketName } from "#schema/keys.ts";

/** One change to one key. */
export type Write = {
  readonly bucket: BucketName;
  readonly key: string;
  /** Never changed afterwards: what is made of them is kept, and writes that have the same share it by sharing the object. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Refused as a conflict unless the key's last revision is this; 0: the key holds nothing, not even a marker. */
  readonly expectedRevision?: number;
} & ({ readonly kind?: "put"; readonly value: Uint8Array | string } | { readonly kind: "delete" | "purge" });

/** What the message carries; a marker carries nothing. */
export function payloadOf(write: Write): Uint8Array | string {
  return write.kind === undefined || write.kind === "put" ? write.value : "";
}
