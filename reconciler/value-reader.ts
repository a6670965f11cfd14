/** Fingerprints of values as they come from a bucket, without looking at the same bytes twice in a row. */
import { sha256Digest } from "#fleet/digest.ts";
import { fingerprintOf } from "./core/fingerprint.ts";

/** Keys of one deployment follow each other, and most of them have the same value. */
export class ValueReader {
  #bytes: Uint8Array = new Uint8Array();
  #fingerprint = fingerprintOf(sha256Digest(new Uint8Array()));

  /** See `fingerprintOf`. */
  fingerprint(value: Uint8Array): number {
    if (value.length !== this.#bytes.length || Buffer.compare(value, this.#bytes) !== 0) {
      this.#fingerprint = fingerprintOf(sha256Digest(value));
      // A copy: what was delivered stands in the middle of a much larger piece of memory.
      this.#bytes = value.slice();
    }
    return this.#fingerprint;
  }
}
