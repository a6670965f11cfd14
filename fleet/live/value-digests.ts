/** Digests of the values that devices should run. Most values are the same on the next device: those are not hashed again. */
import { sha256Digest } from "../digest.ts";
import type { SharedTexts } from "./shared-texts.ts";

interface Known {
  readonly value: Buffer;
  /** The number of its digest, which this holds one use of. */
  readonly digest: number;
}

/** Remembers the last value of each deployment. */
export class ValueDigests {
  readonly #digests: SharedTexts;
  /** By the number of the deployment. */
  readonly #last: (Known | undefined)[] = [];

  constructor(digests: SharedTexts) {
    this.#digests = digests;
  }

  /** The number of the digest of a value, taken for the caller. */
  take(deployment: number, value: Uint8Array): number {
    const known = this.#last[deployment];
    if (known !== undefined && known.value.equals(value)) return this.#digests.takeAgain(known.digest);
    const digest = this.#digests.take(sha256Digest(value));
    if (known !== undefined) this.#digests.giveBack(known.digest);
    this.#last[deployment] = { value: Buffer.from(value), digest: this.#digests.takeAgain(digest) };
    return digest;
  }

  /** A deployment that nobody wants any more. */
  forget(deployment: number): void {
    const known = this.#last[deployment];
    if (known === undefined) return;
    this.#digests.giveBack(known.digest);
    this.#last[deployment] = undefined;
  }
}
