/** Commit objects: the folder they hold, where they come from and what their author said. */
import { GitError } from "./git-error.ts";
import { isObjectId, type ObjectId, type ObjectReader } from "./objects.ts";

/** What gitfleet needs to know of a commit. */
export interface Commit {
  readonly id: ObjectId;
  readonly tree: ObjectId;
  /** The first parent comes first. */
  readonly parents: readonly ObjectId[];
  /** Seconds since 1970, as the committer's machine said. */
  readonly committedAtSeconds: number;
  readonly message: string;
}

/** The commit, or null where it is not there. Throws `corrupt` for an object that is none. */
export function readCommit(objects: ObjectReader, id: ObjectId): Commit | null {
  const object = objects.read(id);
  if (object === null) return null;
  if (object.type !== "commit") throw new GitError("corrupt", `${id} is a ${object.type}, not a commit`);
  return parseCommit(id, object.bytes);
}

/** The commit, which must be there. */
export function needCommit(objects: ObjectReader, id: ObjectId): Commit {
  const commit = readCommit(objects, id);
  if (commit === null) throw new GitError("commit-missing", `the repository does not hold the commit ${id}`);
  return commit;
}

export function parseCommit(id: ObjectId, bytes: Buffer): Commit {
  const text = bytes.toString("utf8");
  const end = text.indexOf("\n\n");
  const headers = (end < 0 ? text : text.slice(0, end)).split("\n");
  const tree = headers[0]?.startsWith("tree ") === true ? headers[0].slice(5) : "";
  if (!isObjectId(tree)) throw new GitError("corrupt", `the commit ${id} names no tree`);
  const parents = headers.filter((line) => line.startsWith("parent ")).map((line) => line.slice(7));
  const committer = headers.find((line) => line.startsWith("committer ")) ?? "";
  const seconds = /> (-?\d{1,15}) [-+]\d{4}$/.exec(committer)?.[1];
  return { id, tree, parents, committedAtSeconds: Number(seconds ?? 0), message: end < 0 ? "" : text.slice(end + 2) };
}
