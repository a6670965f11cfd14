/** A pack file that can be asked for objects: on disk with its index, or in memory as it came from a server. */
import { applyDelta, deltaResultSize } from "./delta.ts";
import { GitError } from "./git-error.ts";
import { inflate } from "./inflate.ts";
import type { PackCache } from "./object-cache.ts";
import type { GitObject, ObjectId, ObjectType, Oversized } from "./objects.ts";
import { readEntryHeader, type EntryHeader } from "./pack-entry.ts";

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

/** One entry, unpacked. */
export interface Entry {
  readonly header: EntryHeader;
  /** The object, or the delta. */
  readonly bytes: Buffer;
}

export class Pack {
  readonly index: PackIndex;
  readonly #bytes: PackBytes;
  // Deltas share their bases: neighbours in a pack ask for the same one again and again.
  readonly #resolved: PackCache;

  constructor(index: PackIndex, bytes: PackBytes, resolved: PackCache) {
    this.index = index;
    this.#bytes = bytes;
    this.#resolved = resolved;
  }

  /** The object whose entry begins at `offset`; null where the base of its delta is nowhere to be found. */
  readAt(offset: number, findBase: FindBase): GitObject | null {
    const object = this.readUpTo(offset, Number.POSITIVE_INFINITY, findBase);
    return object?.type === null ? null : object;
  }

  /** As `readAt`, except that of an object larger than `maxBytes` only the size is told. */
  readUpTo(offset: number, maxBytes: number, findBase: FindBase): GitObject | Oversized | null {
    const known = this.#resolved.get(offset);
    if (known !== undefined) return known.bytes.length > maxBytes ? oversized(known.bytes.length) : known;
    const { header, entry } = this.#entryAt(offset);
    if (header.type !== null && header.sizeBytes > maxBytes) return oversized(header.sizeBytes);
    const { bytes } = inflate(entry, header.dataAt, header.sizeBytes);
    const sizeBytes = header.type === null ? deltaResultSize(bytes) : bytes.length;
    return sizeBytes > maxBytes ? oversized(sizeBytes) : this.resolve(offset, { header, bytes }, findBase);
  }

  /** The object of an entry that was unpacked already. Null as for `readAt`. */
  resolve(offset: number, first: Entry, findBase: FindBase): GitObject | null {
    // Down to a whole object, or one that is known; then every delta on the way up again.
    const deltas: { readonly at: number; readonly bytes: Buffer }[] = [];
    let base: GitObject | null = null;
    for (let at = offset; base === null;) {
      const { header, bytes } = at === offset ? first : this.#unpackedAt(at);
      if (header.type !== null) {
        base = this.#keep(at, { type: header.type, bytes });
        break;
      }
      deltas.push({ at, bytes });
      if (deltas.length > CHAIN_MAX) throw new GitError("corrupt", "a chain of deltas in the repository has no end");
      const baseAt = this.#baseAt(at, header);
      base = baseAt === null ? findBase(header.baseId ?? "") : (this.#resolved.get(baseAt) ?? null);
      if (baseAt === null && base === null) return null;
      at = baseAt ?? at;
    }
    for (let delta = deltas.pop(); delta !== undefined; delta = deltas.pop()) {
      base = this.#keep(delta.at, { type: base.type, bytes: applyDelta(base.bytes, delta.bytes) });
    }
    return base;
  }

  /** The zlib stream of an object that is stored whole, and its size; null for a delta. */
  wholeAt(offset: number): { readonly type: ObjectType; readonly sizeBytes: number; readonly packed: Buffer } | null {
    const { header, entry } = this.#entryAt(offset);
    if (header.type === null) return null;
    return { type: header.type, sizeBytes: header.sizeBytes, packed: entry.subarray(header.dataAt) };
  }

  #entryAt(offset: number): { header: EntryHeader; entry: Buffer } {
    const entry = this.#bytes(offset, this.index.endOf(offset));
    return { header: readEntryHeader(entry), entry };
  }

  #unpackedAt(offset: number): Entry {
    const { header, entry } = this.#entryAt(offset);
    return { header, bytes: inflate(entry, header.dataAt, header.sizeBytes).bytes };
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

function oversized(sizeBytes: number): Oversized {
  return { type: null, sizeBytes };
}

/** Where an object stands. */
export interface Place {
  readonly pack: Pack;
  readonly at: number;
}

/** Ids pack by pack, each from its beginning to its end: deltas that share bases stand close together. */
export function byPlace(ids: readonly ObjectId[], find: (id: ObjectId) => Place | null): ObjectId[] {
  const nowhere: ObjectId[] = [];
  const packs = new Map<Pack, { readonly id: ObjectId; readonly at: number }[]>();
  for (const id of ids) {
    const place = find(id);
    const here = place === null ? null : (packs.get(place.pack) ?? []);
    if (place === null || here === null) nowhere.push(id);
    else packs.set(place.pack, (here.push({ id, at: place.at }), here));
  }
  const placed = [...packs.values()].flatMap((here) => here.toSorted((a, b) => a.at - b.at).map(({ id }) => id));
  return [...placed, ...nowhere];
}
