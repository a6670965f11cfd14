/** Reads the folders of a commit that hold fleet files. What an earlier commit had too is taken from there. */
import { isFleetPath } from "#fleet/snapshot.ts";
import { ListedFolder, type ListedChild } from "./fleet-listing.ts";
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { parseTree, type TreeEntry } from "./tree.ts";
import { Turn } from "./turn.ts";

/** Folders and files of one commit. */
export const ENTRIES_MAX = 1_000_000;
const DEPTH_MAX = 64;

export interface WalkFrom {
  readonly objects: ObjectReader;
  /** The same folder in a commit read before, or null. */
  readonly known: ListedFolder | null;
  readonly signal?: AbortSignal | undefined;
}

/** Everything of interest below a tree. Rejects with `corrupt`, `too-large` or `aborted`. */
export async function walkFleet(tree: ObjectId, { objects, known, signal }: WalkFrom): Promise<ListedFolder> {
  return await new Walk(objects, new Turn(signal)).folder({ tree, path: "" }, known, 0);
}

class Walk {
  readonly #objects: ObjectReader;
  readonly #turn: Turn;
  #count = 0;

  constructor(objects: ObjectReader, turn: Turn) {
    this.#objects = objects;
    this.#turn = turn;
  }

  async folder(
    { tree, path }: Pick<ListedFolder, "tree" | "path">,
    known: ListedFolder | null,
    depth: number,
  ): Promise<ListedFolder> {
    if (depth > DEPTH_MAX) throw new GitError("too-large", `${path} lies more than ${DEPTH_MAX} folders deep`);
    if (known?.tree === tree) {
      this.#counted(known.size);
      return known;
    }
    const before = new Map(known?.children.map((child) => [child.path, child]));
    const children = new Map<string, ListedChild>();
    for (const entry of treeOf(this.#objects, tree)) {
      if (this.#turn.isOver()) await this.#turn.yield();
      const entryPath = path === "" ? entry.name : `${path}/${entry.name}`;
      if (depth === 0 && !isFleetPath(entryPath)) continue;
      this.#counted(1);
      const earlier = before.get(entryPath);
      if (children.has(entryPath)) children.set(entryPath, twice(entry, entryPath));
      else if (entry.kind === "folder" && entry.invalid === null) {
        const inside = earlier instanceof ListedFolder ? earlier : null;
        children.set(entryPath, await this.folder({ tree: entry.id, path: entryPath }, inside, depth + 1));
      } else children.set(entryPath, childOf(entry, entryPath));
    }
    return new ListedFolder(path, tree, [...children.values()]);
  }

  #counted(more: number): void {
    this.#count += more;
    if (this.#count > ENTRIES_MAX) {
      throw new GitError("too-large", `the commit holds more than ${ENTRIES_MAX} fleet files`);
    }
  }
}

/** The tree of a sub-folder; each step must be a real folder. */
export function folderTree(objects: ObjectReader, root: ObjectId, folder: string): ObjectId {
  let tree = root;
  for (const name of folder.split("/").filter((part) => part !== "" && part !== ".")) {
    const entry = treeOf(objects, tree).find((other) => other.name === name);
    if (entry?.kind !== "folder") {
      throw new GitError("not-found", `the commit has no folder ${folder}`, { hint: "Check --path." });
    }
    tree = entry.id;
  }
  return tree;
}

function treeOf(objects: ObjectReader, id: ObjectId): Generator<TreeEntry> {
  const object = objects.read(id);
  if (object?.type !== "tree") throw new GitError("corrupt", `the repository does not hold the folder ${id}`);
  return parseTree(object.bytes);
}

function childOf(entry: TreeEntry, path: string): ListedChild {
  const kind = entry.kind === "folder" ? "other" : entry.kind;
  const invalid = entry.invalid === null ? {} : { invalidPath: entry.invalid };
  return { path, kind, id: entry.id, sizeBytes: null, ...invalid };
}

// Git itself never makes such a tree; which of the two would count is anybody's guess.
function twice(entry: TreeEntry, path: string): ListedChild {
  return childOf({ ...entry, kind: "other", invalid: entry.invalid ?? "its folder holds this name twice" }, path);
}
