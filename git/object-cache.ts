/** Objects that were unpacked lately, of all packs of one repository together: bases that many deltas share. */
import type { GitObject } from "./objects.ts";
import { SizedCache } from "./sized-cache.ts";

const MAX_BYTES = 16 * 1_048_576;

/** Objects of one pack by where their entries begin. */
export interface PackCache {
  get(offset: number): GitObject | undefined;
  set(offset: number, object: GitObject): void;
}

export class ObjectCache {
  readonly #objects: SizedCache<number, GitObject>;
  /** Each pack has a range of keys as long as itself. */
  #nextKey = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#objects = new SizedCache(maxBytes, (object) => object.bytes.length);
  }

  forPack(packBytes: number): PackCache {
    const objects = this.#objects;
    const from = this.#nextKey;
    this.#nextKey += packBytes;
    return {
      get: (offset) => objects.get(from + offset),
      set: (offset, object) => objects.set(from + offset, object),
    };
  }
}
