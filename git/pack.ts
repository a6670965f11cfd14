/** A pack file that can be asked for objects: on disk with its index, or in memory as it came from a server. */
import { applyDelta, deltaResultSize } from "./delta.ts";
import { GitError } from "./git-error.ts";
import { inflate, inflatePrefix } from "./inflate.ts";
import type { GitObject, ObjectId } from "./objects.ts";
import { ENTRY_HEADER_MAX_BYTES, readEntryHeader, type EntryHeader } from "./pack-entry.ts";
import { SizedCache } from "./sized-cache.ts";

/** Where each object of a pack begins and ends. */
export interface PackIndex {
  find(id: ObjectId): number | null;
  /** Where the entry that begins at `offset` ends. */
  endOf(offset: number): number;
  /** Every id that begins with these hex digits (an even number of them or not), at most a few. */
  startingWith(prefix: string): ObjectId[];
}

/** Gives bytes of the pack file; fewer only at its end. */
export type PackBytes = (start: number, end: number) => Buffer;

/** Finds the base of a delta that lies outside of its pack (thin packs). */
export type FindBase = (id: ObjectId) => GitObject | null;

/** Git itself makes chains of 50; longer ones only come from damage or malice. */
const CHAIN_MAX = 4_096;
const CACHE_MAX_BYTES = 16 * 1_048_576;
/** A delta begins with two sizes of at most ten bytes each. */
const DELTA_SIZES_BYTES = 20;

export class Pack {
  readonly index: PackIndex;
  readonly #bytes: PackBytes;
  // Deltas share their bases: neighbours in a pack ask for the same one again and again.
  readonly #resolved = new SizedCache<number, GitObject>(CACHE_MAX_BYTES, (object) => object.bytes.length);

  constructor(index: PackIndex, bytes: PackBytes) {
    this.index = index;
    this.#bytes = bytes;
  }

  /** The object whose entry begins at `offset`; null where the base of its delta is nowhere to be found. */
  readAt(offset: number, findBase: FindBase): GitObject | null {
    const deltas: { readonly at: number; readonly bytes: Buffer }[] = [];
    let base = this.#resolved.get(offset) ?? null;
    for (let at = offset; base === null;) {
      if (deltas.length > CHAIN_MAX) throw new GitError("corrupt", "a chain of deltas in the repository has no end");
      const { header, data } = this.#entry(at);
      if (header.type !== null) base = this.#keep(at, { type: header.type, bytes: data });
      else {
        deltas.push({ at, bytes: data });
        const baseAt = this.#baseAt(at, header);
        if (baseAt === null) {
          base = findBase(header.baseId ?? "");
          if (base === null) return null;
        } else {
          at = baseAt;
          base = this.#resolved.get(at) ?? null;
        }
      }
    }
    for (const delta of deltas.toReversed()) {
      base = this.#keep(delta.at, { type: base.type, bytes: applyDelta(base.bytes, delta.bytes) });
    }
    return base;
  }

  /** The size of the object whose entry begins at `offset`, without unpacking it. */
  sizeAt(offset: number): number {
    const entry = this.#bytes(offset, this.index.endOf(offset));
    const header = readEntryHeader(entry.subarray(0, ENTRY_HEADER_MAX_BYTES));
    if (header.type !== null) return header.sizeBytes;
    return deltaResultSize(inflatePrefix(entry.subarray(header.dataAt), DELTA_SIZES_BYTES));
  }

  #entry(offset: number): { header: EntryHeader; data: Buffer } {
    const entry = this.#bytes(offset, this.index.endOf(offset));
    const header = readEntryHeader(entry.subarray(0, ENTRY_HEADER_MAX_BYTES));
    return { header, data: inflate(entry.subarray(header.dataAt), header.sizeBytes).bytes };
  }

  #baseAt(offset: number, header: EntryHeader): number | null {
    if (header.baseDistance === null) return this.index.find(header.baseId ?? "");
    if (header.baseDistance <= 0 || header.baseDistance > offset) {
      throw new GitError("corrupt", "a delta in the repository has its base outside of the pack");
    }
    return offset - header.baseDistance;
  }

  #keep(offset: number, object: GitObject): GitObject {
    this.#resolved.set(offset, object);
    return object;
  }
}
