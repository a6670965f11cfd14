/** Where commits come from: a repository on this machine or behind http(s), seen in one way. */
import type { ObjectId, ObjectReader } from "./objects.ts";

/** All methods reject with a GitError, whatever went wrong. */
export interface GitSource {
  /** For people: the path or the URL, without credentials. */
  readonly description: string;
  /** What was made available so far. */
  readonly objects: ObjectReader;
  /** The newest commit of a branch. Rejects with `branch-missing`, `empty-repository` and all that a network can do. */
  head(branch: string, signal?: AbortSignal): Promise<ObjectId>;
  /** Makes a commit and everything in it available. Rejects with `commit-missing` where it cannot be had. */
  ensureCommit(id: ObjectId, options?: EnsureOptions): Promise<void>;
  /** Makes up to `commits` commits of the history of `head` available, `head` included. */
  deepen(head: ObjectId, commits: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface EnsureOptions {
  /** A branch whose history may hold the commit, for servers that do not give commits by id. */
  readonly branchHead?: ObjectId;
  readonly signal?: AbortSignal;
}
