/** A repository on this machine, read directly: no git program, no lock, nothing written. */
import { needCommit, readCommit } from "./commit.ts";
import { DiskObjects } from "./disk-objects.ts";
import { GitError, asGitError } from "./git-error.ts";
import { localLayout, type LocalLayout } from "./local-layout.ts";
import { isObjectId, type ObjectId, type ObjectReader } from "./objects.ts";
import { hasBranches, readReference } from "./references.ts";
import type { GitSource } from "./source.ts";
import { join } from "node:path";

const SHORT_ID = /^[0-9a-f]{4,40}$/;
/** Where a short name is looked for, in git's own order. */
const PREFIXES = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

export class LocalRepository implements GitSource {
  readonly description: string;
  readonly #objects: DiskObjects;
  readonly #layout: LocalLayout;

  /** Opens the normal or bare repository (or linked worktree) at `path`. Throws `not-found` or `unsupported`. */
  constructor(path: string) {
    this.description = path;
    this.#layout = localLayout(path);
    this.#objects = new DiskObjects(join(this.#layout.commonFolder, "objects"));
  }

  get objects(): ObjectReader {
    return this.#objects;
  }

  async head(branch: string): Promise<ObjectId> {
    // The folder may have been moved away or replaced since: then this says so in words.
    localLayout(this.description);
    const id = readReference(this.#layout, `refs/heads/${branch}`);
    if (id !== null) return id;
    if (!hasBranches(this.#layout)) throw emptyRepository(this.description);
    throw branchMissing(branch, this.description);
  }

  async ensureCommit(id: ObjectId): Promise<void> {
    try {
      needCommit(this.#objects, id);
    } catch (error) {
      throw asGitError(error);
    }
  }

  /** Everything is here already. */
  async deepen(): Promise<void> {}

  /** False before the first commit of the branch that HEAD names. */
  hasHead(): boolean {
    return readReference(this.#layout, "HEAD") !== null;
  }

  /**
   * The commit that a person means by `HEAD`, a branch, a tag, a full or short id, each with `~2` or `^` behind it.
   * Throws `commit-missing`.
   */
  resolve(text: string): ObjectId {
    const [, name = "", steps = ""] = /^(.+?)((?:[~^]\d*)*)$/.exec(text.replaceAll(/\^\{(?:commit)?\}/g, "")) ?? [];
    let id = this.#peel(this.#named(name, text), text);
    for (const [, kind, digits = ""] of steps.matchAll(/([~^])(\d*)/g)) {
      const count = digits === "" ? 1 : Number(digits);
      id = kind === "~" ? this.#ancestor(id, count, text) : this.#parent(id, count, text);
    }
    return id;
  }

  async close(): Promise<void> {
    this.#objects.close();
  }

  #named(name: string, text: string): ObjectId {
    for (const prefix of PREFIXES) {
      const id = readReference(this.#layout, `${prefix}${name === "@" ? "HEAD" : name}`);
      if (id !== null) return id;
    }
    if (isObjectId(name)) return name;
    const found = SHORT_ID.test(name) ? this.#objects.startingWith(name) : [];
    const commits = found.filter((id) => ["commit", "tag"].includes(this.#objects.read(id)?.type ?? ""));
    if (commits.length === 1 && commits[0] !== undefined) return commits[0];
    if (commits.length > 1) throw noSuchCommit(text, "more than one commit begins with these digits");
    throw noSuchCommit(text, "there is no such branch, tag or commit");
  }

  #peel(id: ObjectId, text: string): ObjectId {
    const object = this.#objects.read(id);
    if (object === null) throw noSuchCommit(text, "the repository does not hold it");
    if (object.type === "commit") return id;
    const target = /^object ([0-9a-f]{40})\n/.exec(
      object.type === "tag" ? object.bytes.toString("latin1", 0, 64) : "",
    )?.[1];
    if (target === undefined) throw noSuchCommit(text, `it names a ${object.type}`);
    return this.#peel(target, text);
  }

  #ancestor(id: ObjectId, count: number, text: string): ObjectId {
    let at = id;
    for (let step = 0; step < count; step += 1) at = this.#parent(at, 1, text);
    return at;
  }

  #parent(id: ObjectId, which: number, text: string): ObjectId {
    if (which === 0) return id;
    const parent = readCommit(this.#objects, id)?.parents[which - 1];
    if (parent === undefined) throw noSuchCommit(text, "history does not go back so far");
    return parent;
  }
}

/** The branch is not there (it may have been deleted): a person has to say which is meant. */
export function branchMissing(branch: string, where: string): GitError {
  return new GitError("branch-missing", `${where} has no branch ${branch}`, {
    hint: "Check --branch; if the branch was deleted, push it again. Nothing is changed until then.",
  });
}

export function emptyRepository(where: string): GitError {
  return new GitError("empty-repository", `${where} has no commits yet`, { hint: "Commit and push a fleet to it." });
}

function noSuchCommit(text: string, why: string): GitError {
  return new GitError("commit-missing", `${text === "" ? '""' : text} is not a commit here: ${why}`, {
    hint: "Name a branch, a tag or a commit; in a shallow clone fetch it first.",
  });
}
