/** What was fetched of a remote repository, in memory: a large pack from the beginning and what came since. */
import { readCommit } from "./commit.ts";
import { foldPacks } from "./fold-packs.ts";
import { ObjectCache } from "./object-cache.ts";
import type { GitObject, ObjectId, ObjectReader, Oversized } from "./objects.ts";
import { byPlace, type Pack, type Place } from "./pack.ts";
import { Turn } from "./turn.ts";

/** The server is told about at most this many commits that are here. */
const HAVES_MAX = 8;

/** What a mirror may grow to. */
export interface MirrorLimits {
  /** Every fetch adds a pack; so many are folded into one, so that neither memory nor chains of deltas grow. */
  readonly packsMax: number;
  /** What came since the first pack may be as large as that one, and always as large as this. */
  readonly laterMaxBytes: number;
}

export const MIRROR_LIMITS: MirrorLimits = { packsMax: 50, laterMaxBytes: 64 * 1_048_576 };

/** A pack, and what it takes in memory. */
export interface MirroredPack {
  readonly pack: Pack;
  readonly sizeBytes: number;
}

interface ShallowChange {
  readonly shallow: readonly ObjectId[];
  readonly unshallow: readonly ObjectId[];
}

/** Never changed, only replaced by another one: who holds it reads on. */
export class Mirror implements ObjectReader {
  readonly cache: ObjectCache;
  readonly haves: readonly ObjectId[];
  /** Commits whose parents are not here. */
  readonly shallow: ReadonlySet<ObjectId>;
  /** The newest first; the last one holds everything that its commit is made of. */
  readonly #packs: readonly MirroredPack[];

  private constructor(
    packs: readonly MirroredPack[],
    known: { readonly haves: readonly ObjectId[]; readonly shallow: ReadonlySet<ObjectId> },
    cache: ObjectCache,
  ) {
    this.#packs = packs;
    this.haves = known.haves;
    this.shallow = known.shallow;
    this.cache = cache;
  }

  /** One that holds nothing. */
  static empty(): Mirror {
    return new Mirror([], { haves: [], shallow: new Set() }, new ObjectCache());
  }

  /** With one more pack, which was fetched for the commit `have`. */
  with(pack: MirroredPack, have: ObjectId, change: ShallowChange): Mirror {
    const shallow = new Set([...this.shallow, ...change.shallow]);
    for (const id of change.unshallow) shallow.delete(id);
    const haves = [have, ...this.haves.filter((id) => id !== have)].slice(0, HAVES_MAX);
    return new Mirror([pack, ...this.#packs], { haves, shallow }, this.cache);
  }

  /** Itself, unless it has more packs than it may: then one with two, or an empty one where even these are too large. */
  async bounded(limits: MirrorLimits, signal?: AbortSignal): Promise<Mirror> {
    const first = this.#packs.at(-1);
    const later = this.#packs.slice(0, -1);
    if (first === undefined) return this;
    const laterMaxBytes = Math.max(first.sizeBytes, limits.laterMaxBytes);
    if (this.#packs.length < limits.packsMax && sizeOf(later) <= laterMaxBytes) return this;
    const folded = await foldPacks({
      objects: this,
      find: (id) => find(later, id),
      commits: this.haves,
      cache: this.cache,
      turn: new Turn(signal),
    });
    if (folded.sizeBytes > laterMaxBytes) return Mirror.empty();
    // Of the history only these commits are left.
    return new Mirror([folded, first], { haves: this.haves, shallow: new Set(this.haves) }, this.cache);
  }

  /** What all of it takes in memory, in packs and bytes. */
  get size(): { readonly packs: number; readonly bytes: number } {
    return { packs: this.#packs.length, bytes: sizeOf(this.#packs) };
  }

  holds(id: ObjectId): boolean {
    const commit = readCommit(this, id);
    return commit !== null && find(this.#packs, commit.tree) !== null;
  }

  read(id: ObjectId): GitObject | null {
    const found = find(this.#packs, id);
    return found === null ? null : found.pack.readAt(found.at, (baseId) => this.read(baseId));
  }

  readUpTo(id: ObjectId, maxBytes: number): GitObject | Oversized | null {
    const found = find(this.#packs, id);
    return found === null ? null : found.pack.readUpTo(found.at, maxBytes, (baseId) => this.read(baseId));
  }

  inStoredOrder(ids: readonly ObjectId[]): readonly ObjectId[] {
    return byPlace(ids, (id) => find(this.#packs, id));
  }
}

function find(packs: readonly MirroredPack[], id: ObjectId): Place | null {
  for (const { pack } of packs) {
    const at = pack.index.find(id);
    if (at !== null) return { pack, at };
  }
  return null;
}

function sizeOf(packs: readonly MirroredPack[]): number {
  return packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
