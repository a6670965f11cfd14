/** The folders of a branch in memory, and what it takes to change some files in them: only changed folders are made anew. */
import { Buffer } from "node:buffer";
import { blobObject, MODE_FILE, MODE_FOLDER, treeObject, type GitObject } from "./write-objects.ts";

/** A folder as git has it. Immutable: a change gives a new one that shares what stayed. */
export interface Folder {
  /** The tree's id. */
  readonly id: string;
  /** By name, one character per byte (latin1). */
  readonly lines: ReadonlyMap<string, FolderLine>;
}

/** One file, link, submodule or folder. */
export interface FolderLine {
  readonly mode: string;
  readonly id: string;
  /** Null for what is no folder, and for folders that nobody looks into. */
  readonly folder: Folder | null;
}

/** New contents by path (`/`, UTF-8), null to delete. */
export type FileChanges = ReadonlyMap<string, string | Uint8Array | null>;

/** A changed folder, null where nothing is left in it, and the objects the repository lacks. */
export interface ChangedFolder {
  readonly folder: Folder | null;
  readonly objects: readonly GitObject[];
}

/**
 * Applies changes to a folder, null for an empty one. Deleting what is not there changes nothing. Yields now and then, so
 * that its caller can do something else.
 */
export function* changeFolder(folder: Folder | null, changes: FileChanges): Generator<void, ChangedFolder> {
  const objects: GitObject[] = [];
  const lines = new Map(folder?.lines);
  for (const [name, below] of byFirstName(changes)) {
    const line = yield* changeLine(lines.get(name), below, objects);
    if (line === null) lines.delete(name);
    else lines.set(name, line);
  }
  if (lines.size === 0) return { folder: null, objects };
  const tree = treeObject([...lines].map(([name, { mode, id }]) => ({ mode, name, id })));
  if (tree.id !== folder?.id) objects.push(tree);
  return { folder: { id: tree.id, lines }, objects };
}

/** What changes at one name: the name itself (key ""), or paths below it. */
function* changeLine(
  line: FolderLine | undefined,
  below: FileChanges,
  objects: GitObject[],
): Generator<void, FolderLine | null> {
  yield;
  const own = below.get("");
  if (own !== undefined && own !== null) {
    const blob = blobObject(own);
    if (blob.id !== line?.id) objects.push(blob);
    return { mode: MODE_FILE, id: blob.id, folder: null };
  }
  if (own === null) return null;
  if (line !== undefined && line.mode === MODE_FOLDER && line.folder === null) {
    throw new TypeError("a folder to be changed was not read");
  }
  const onlyDeletes = [...below.values()].every((content) => content === null);
  // A file where a folder is needed gives way; deleting below it deletes nothing.
  if (line !== undefined && line.folder === null && onlyDeletes) return line;
  const changed = yield* changeFolder(line?.folder ?? null, below);
  objects.push(...changed.objects);
  return changed.folder === null ? null : { mode: MODE_FOLDER, id: changed.folder.id, folder: changed.folder };
}

function byFirstName(changes: FileChanges): Map<string, Map<string, string | Uint8Array | null>> {
  const names = new Map<string, Map<string, string | Uint8Array | null>>();
  for (const [path, content] of changes) {
    const slash = path.indexOf("/");
    const name = gitName(slash < 0 ? path : path.slice(0, slash));
    const below = names.get(name) ?? new Map<string, string | Uint8Array | null>();
    names.set(name, below.set(slash < 0 ? "" : path.slice(slash + 1), content));
  }
  return names;
}

/** A name as trees hold it here: one character per byte. */
export function gitName(name: string): string {
  return Buffer.from(name, "utf8").toString("latin1");
}

/** Every file below a folder, by path, with its blob id. Links, submodules and folders not looked into are left out. */
export function filesOf(folder: Folder | null, prefix = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, line] of folder?.lines ?? []) {
    const path = `${prefix}${Buffer.from(name, "latin1").toString("utf8")}`;
    if (line.folder !== null) for (const [below, id] of filesOf(line.folder, `${path}/`)) files.set(below, id);
    else if (line.mode.startsWith("100")) files.set(path, line.id);
  }
  return files;
}
