/** What the fleet engine needs of a commit: the entries of its fleet paths, and the contents it asks for. */
import { isFleetPath, type Snapshot, type SnapshotEntry } from "#fleet/snapshot.ts";
import { needCommit } from "./commit.ts";
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { parseTree, type TreeEntry } from "./tree.ts";

export interface SnapshotRequest {
  readonly commit: ObjectId;
  /** The folder of the repository that holds the fleet; empty for the whole. */
  readonly folder?: string;
  /** Which contents are needed, out of all entries. */
  readonly wants: (entries: readonly SnapshotEntry[]) => readonly SnapshotEntry[];
}

/** No content larger than this is unpacked; the engine refuses files from 1 MiB on. */
const CONTENT_MAX_BYTES = 2 * 1_048_576;
const ENTRIES_MAX = 1_000_000;
const DEPTH_MAX = 64;
/** The event loop gets its turn after this many contents. */
const CONTENTS_PER_TURN = 200;

/**
 * Reads commits of one repository. Folders that did not change since the commit before are not read again.
 * Rejects with a GitError: `commit-missing`, `corrupt`, `not-found` (no such folder), `too-large`.
 */
export class FleetSnapshots {
  #folders: ReadonlyMap<string, Folder> = new Map();

  async read(objects: ObjectReader, request: SnapshotRequest): Promise<Snapshot> {
    const root = folderTree(objects, needCommit(objects, request.commit).tree, request.folder ?? "");
    const walk = new Walk(objects, this.#folders);
    const entries = walk.folder(root, "", 0);
    this.#folders = walk.seen;
    const contents = new Map<ObjectId, Uint8Array>();
    const large = new Map<ObjectId, number>();
    let turn = 0;
    for (const entry of request.wants(entries)) {
      readContent(objects, entry, contents, large);
      turn += 1;
      if (turn % CONTENTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const sized = large.size === 0 ? entries : entries.map((entry) => withSize(entry, large.get(entry.id)));
    return { entries: sized, content: (id) => contents.get(id) };
  }
}

function withSize(entry: SnapshotEntry, sizeBytes: number | undefined): SnapshotEntry {
  return sizeBytes === undefined ? entry : { ...entry, sizeBytes };
}

function readContent(
  objects: ObjectReader,
  entry: SnapshotEntry,
  contents: Map<ObjectId, Uint8Array>,
  large: Map<ObjectId, number>,
): void {
  if (contents.has(entry.id)) return;
  const sizeBytes = objects.sizeOf(entry.id);
  if (sizeBytes === null) throw missing(entry.path);
  if (sizeBytes > CONTENT_MAX_BYTES) {
    large.set(entry.id, sizeBytes);
    return;
  }
  const object = objects.read(entry.id);
  if (object === null || object.type !== "blob") throw missing(entry.path);
  contents.set(entry.id, object.bytes);
}

function missing(path: string): GitError {
  return new GitError("corrupt", `the repository does not hold the content of ${path}`, {
    hint: "Run `git fsck`; partial clones are not supported.",
  });
}

// The tree of a sub-folder; each step must be a real folder.
function folderTree(objects: ObjectReader, root: ObjectId, folder: string): ObjectId {
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

function treeOf(objects: ObjectReader, id: ObjectId): TreeEntry[] {
  const object = objects.read(id);
  if (object?.type !== "tree") throw new GitError("corrupt", `the repository does not hold the folder ${id}`);
  return parseTree(object.bytes);
}

/** One folder of a commit, everything below it included. */
interface Folder {
  readonly entries: readonly SnapshotEntry[];
  /** The keys of the folders right below it. */
  readonly below: readonly string[];
}

class Walk {
  readonly seen = new Map<string, Folder>();
  readonly #objects: ObjectReader;
  readonly #known: ReadonlyMap<string, Folder>;
  #count = 0;

  constructor(objects: ObjectReader, known: ReadonlyMap<string, Folder>) {
    this.#objects = objects;
    this.#known = known;
  }

  /** All entries below a folder, in the order of the tree. */
  folder(tree: ObjectId, path: string, depth: number): readonly SnapshotEntry[] {
    if (depth > DEPTH_MAX) throw new GitError("too-large", `${path} lies more than ${DEPTH_MAX} folders deep`);
    const key = keyOf(tree, path);
    if (this.#known.has(key)) this.#keep(key);
    else this.seen.set(key, this.#read(tree, path, depth));
    return this.seen.get(key)?.entries ?? [];
  }

  // What is below an unchanged folder is kept too: the next commit may change one of them alone.
  #keep(key: string): void {
    const folder = this.#known.get(key);
    if (folder === undefined || this.seen.has(key)) return;
    this.seen.set(key, folder);
    for (const below of folder.below) this.#keep(below);
  }

  #read(tree: ObjectId, path: string, depth: number): Folder {
    const entries: SnapshotEntry[] = [];
    const below: string[] = [];
    for (const entry of treeOf(this.#objects, tree)) {
      const entryPath = path === "" ? entry.name : `${path}/${entry.name}`;
      if (!isFleetPath(entryPath)) continue;
      this.#count += 1;
      if (this.#count > ENTRIES_MAX) throw tooManyFiles();
      if (entry.kind === "folder" && entry.invalid === null) {
        below.push(keyOf(entry.id, entryPath));
        for (const inner of this.folder(entry.id, entryPath, depth + 1)) entries.push(inner);
      } else entries.push(snapshotEntry(entry, entryPath));
    }
    return { entries, below };
  }
}

function keyOf(tree: ObjectId, path: string): string {
  return `${tree} ${path}`;
}

function tooManyFiles(): GitError {
  return new GitError("too-large", `the commit holds more than ${ENTRIES_MAX} fleet files`);
}

function snapshotEntry(entry: TreeEntry, path: string): SnapshotEntry {
  const kind = entry.kind === "folder" ? "other" : entry.kind;
  const invalid = entry.invalid === null ? {} : { invalidPath: entry.invalid };
  return { path, kind, id: entry.id, sizeBytes: null, ...invalid };
}
