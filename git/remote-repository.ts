/** A repository behind http(s), mirrored in memory as far as it was asked for: nothing of it is written to disk. */
import { asGitError, GitError } from "./git-error.ts";
import type { HttpClient } from "./http-client.ts";
import { branchMissing, emptyRepository } from "./local-repository.ts";
import { openMemoryPack } from "./memory-pack.ts";
import { Mirror, MIRROR_LIMITS, type MirrorLimits } from "./mirror.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { HISTORY_MAX_COMMITS } from "./history.ts";
import type { EnsureOptions, GitSource } from "./source.ts";
import { UploadPack } from "./upload-pack.ts";

export class RemoteRepository implements GitSource {
  readonly description: string;
  readonly #protocol: UploadPack;
  readonly #http: HttpClient;
  readonly #limits: MirrorLimits;
  #mirror = Mirror.empty();

  constructor(url: string, http: HttpClient, limits: MirrorLimits = MIRROR_LIMITS) {
    this.description = url;
    this.#limits = limits;
    this.#http = http;
    this.#protocol = new UploadPack(url, http);
  }

  /** Always the newest state of the mirror; an older one stays valid for who holds it. */
  get objects(): ObjectReader {
    return this.#mirror;
  }

  /** What the mirror takes in memory. */
  get size(): Mirror["size"] {
    return this.#mirror.size;
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
    const mirror = await this.#mirror.bounded(this.#limits, signal);
    const answer = await this.#protocol.fetch(
      { want, depth, haves: mirror.haves, shallow: [...mirror.shallow] },
      signal,
    );
    const pack = await openMemoryPack(answer.pack, (id) => mirror.read(id), { cache: mirror.cache, signal });
    const next = mirror.with({ pack, sizeBytes: answer.pack.length }, want, answer);
    if (!next.holds(want)) throw new GitError("corrupt", `the server sent a pack without the commit ${want}`);
    this.#mirror = next;
  }
}
