/** A repository behind http(s), mirrored in memory as far as it was asked for: nothing of it is written to disk. */
import { readCommit } from "./commit.ts";
import { asGitError, GitError } from "./git-error.ts";
import type { HttpClient } from "./http-client.ts";
import { branchMissing, emptyRepository } from "./local-repository.ts";
import { openMemoryPack } from "./memory-pack.ts";
import type { GitObject, ObjectId, ObjectReader, Oversized } from "./objects.ts";
import { byPlace, type Pack, type Place } from "./pack.ts";
import { HISTORY_MAX_COMMITS } from "./history.ts";
import type { EnsureOptions, GitSource } from "./source.ts";
import { UploadPack } from "./upload-pack.ts";

/** Every fetch adds a pack; after so many the mirror begins anew, so that neither memory nor chains of deltas grow. */
const PACKS_MAX = 50;
/** The server is told about at most this many commits that are here. */
const HAVES_MAX = 8;

export class RemoteRepository implements GitSource {
  readonly description: string;
  readonly #protocol: UploadPack;
  readonly #http: HttpClient;
  readonly #packsMax: number;
  #mirror = new Mirror();

  constructor(url: string, http: HttpClient, packsMax = PACKS_MAX) {
    this.description = url;
    this.#packsMax = packsMax;
    this.#http = http;
    this.#protocol = new UploadPack(url, http);
  }

  /** Always the newest state of the mirror; an older one stays valid for who holds it. */
  get objects(): ObjectReader {
    return this.#mirror;
  }

  async head(branch: string, signal?: AbortSignal): Promise<ObjectId> {
    try {
      const name = `refs/heads/${branch}`;
      const id = (await this.#protocol.references(name, signal)).get(name);
      if (id !== undefined) return id;
      const others = await this.#protocol.references("refs/heads/", signal);
      throw others.size === 0 ? emptyRepository(this.description) : branchMissing(branch, this.description);
    } catch (error) {
      throw asGitError(error);
    }
  }

  async ensureCommit(id: ObjectId, { branchHead, signal }: EnsureOptions = {}): Promise<void> {
    if (this.#mirror.holds(id)) return;
    try {
      await this.#fetch(id, 1, signal);
    } catch (error) {
      const missing = error instanceof GitError && error.kind === "commit-missing";
      if (!missing || branchHead === undefined || branchHead === id) throw asGitError(error);
      // Not every server gives commits by id: it may be in the history of the branch.
      await this.deepen(branchHead, HISTORY_MAX_COMMITS, signal);
      if (!this.#mirror.holds(id)) throw error;
    }
  }

  async deepen(head: ObjectId, commits: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#fetch(head, commits, signal);
    } catch (error) {
      throw asGitError(error);
    }
  }

  async close(): Promise<void> {
    this.#http.close();
  }

  // The mirror changes only when a whole pack was received, checked and found to hold what was asked for.
  async #fetch(want: ObjectId, depth: number, signal?: AbortSignal): Promise<void> {
    const mirror = this.#mirror.packCount >= this.#packsMax ? new Mirror() : this.#mirror;
    const answer = await this.#protocol.fetch(
      { want, depth, haves: mirror.haves(), shallow: mirror.shallow() },
      signal,
    );
    const pack = await openMemoryPack(answer.pack, (id) => mirror.read(id), signal);
    const next = mirror.with(pack, want, answer);
    if (!next.holds(want)) throw new GitError("corrupt", `the server sent a pack without the commit ${want}`);
    this.#mirror = next;
  }
}

interface ShallowChange {
  readonly shallow: readonly ObjectId[];
  readonly unshallow: readonly ObjectId[];
}

/** Packs in memory, newest first; never changed, only replaced by a larger one. */
class Mirror implements ObjectReader {
  readonly #packs: readonly Pack[];
  readonly #haves: readonly ObjectId[];
  readonly #shallow: ReadonlySet<ObjectId>;

  constructor(
    packs: readonly Pack[] = [],
    haves: readonly ObjectId[] = [],
    shallow: ReadonlySet<ObjectId> = new Set(),
  ) {
    this.#packs = packs;
    this.#haves = haves;
    this.#shallow = shallow;
  }

  get packCount(): number {
    return this.#packs.length;
  }

  haves(): readonly ObjectId[] {
    return this.#haves;
  }

  shallow(): readonly ObjectId[] {
    return [...this.#shallow];
  }

  with(pack: Pack, have: ObjectId, change: ShallowChange): Mirror {
    const shallow = new Set([...this.#shallow, ...change.shallow]);
    for (const id of change.unshallow) shallow.delete(id);
    const haves = [have, ...this.#haves.filter((id) => id !== have)].slice(0, HAVES_MAX);
    return new Mirror([pack, ...this.#packs], haves, shallow);
  }

  holds(id: ObjectId): boolean {
    const commit = readCommit(this, id);
    return commit !== null && this.#find(commit.tree) !== null;
  }

  read(id: ObjectId): GitObject | null {
    const found = this.#find(id);
    return found === null ? null : found.pack.readAt(found.at, (baseId) => this.read(baseId));
  }

  readUpTo(id: ObjectId, maxBytes: number): GitObject | Oversized | null {
    const found = this.#find(id);
    return found === null ? null : found.pack.readUpTo(found.at, maxBytes, (baseId) => this.read(baseId));
  }

  inStoredOrder(ids: readonly ObjectId[]): readonly ObjectId[] {
    return byPlace(ids, (id) => this.#find(id));
  }

  #find(id: ObjectId): Place | null {
    for (const pack of this.#packs) {
      const at = pack.index.find(id);
      if (at !== null) return { pack, at };
    }
    return null;
  }
}
