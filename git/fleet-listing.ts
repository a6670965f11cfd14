/** The fleet files of a commit as folders within folders: what did not change is shared between commits and compared by id. */
import type { Listing, SnapshotChanges, SnapshotEntry } from "#fleet/snapshot.ts";
import type { ObjectId } from "./objects.ts";

/** A folder of a commit with everything of interest below it. Never changed; each path stands in it once. */
export class ListedFolder implements Listing {
  readonly path: string;
  /** Its id in git, which stands for everything below it. */
  readonly tree: ObjectId;
  readonly children: readonly ListedChild[];
  readonly entryCount: number;
  /** Folders too: what it took to read. */
  readonly size: number;

  constructor(path: string, tree: ObjectId, children: readonly ListedChild[]) {
    this.path = path;
    this.tree = tree;
    this.children = children;
    this.entryCount = sum(children, (child) => (isFolder(child) ? child.entryCount : 1));
    this.size = sum(children, (child) => 1 + (isFolder(child) ? child.size : 0));
  }

  /** All entries below it, in the order of the tree. */
  entries(): SnapshotEntry[] {
    const entries: SnapshotEntry[] = [];
    this.forEach((entry) => entries.push(entry));
    return entries;
  }

  /** Calls back for each of them. */
  forEach(use: (entry: SnapshotEntry) => void): void {
    for (const child of this.children) {
      if (isFolder(child)) child.forEach(use);
      else use(child);
    }
  }
}

export type ListedChild = SnapshotEntry | ListedFolder;

/** What to do to the entries of `before` to have those of `after`. Costs as much as the folders that differ. */
export function changesBetween(before: ListedFolder, after: ListedFolder): SnapshotChanges {
  const changes: Changes = { changed: [], removed: [] };
  compareFolders(before, after, changes);
  return changes;
}

interface Changes extends SnapshotChanges {
  readonly changed: SnapshotEntry[];
  readonly removed: string[];
}

// Most of a changed folder stays: what is equal at both ends is passed over, and the rest is matched by path.
function compareFolders(before: ListedFolder, after: ListedFolder, changes: Changes): void {
  if (before.tree === after.tree) return;
  const [old, now] = withoutEqualEnds(before.children, after.children);
  const left = new Map(old.map((child) => [child.path, child]));
  for (const child of now) {
    const earlier = left.get(child.path);
    left.delete(child.path);
    compareChildren(earlier, child, changes);
  }
  for (const child of left.values()) remove(child, changes);
}

function withoutEqualEnds(
  before: readonly ListedChild[],
  after: readonly ListedChild[],
): [readonly ListedChild[], readonly ListedChild[]] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSame(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isSame(before.at(-1 - end), after.at(-1 - end))) end += 1;
  return [before.slice(start, before.length - end), after.slice(start, after.length - end)];
}

function compareChildren(earlier: ListedChild | undefined, child: ListedChild, changes: Changes): void {
  if (earlier === undefined) add(child, changes);
  else if (isFolder(earlier) && isFolder(child)) compareFolders(earlier, child, changes);
  else if (!isSame(earlier, child)) {
    // A file that takes the place of a folder, or the other way round, shares its path with nothing below it.
    if (isFolder(earlier) || isFolder(child)) remove(earlier, changes);
    add(child, changes);
  }
}

function add(child: ListedChild, { changed }: Changes): void {
  if (!isFolder(child)) changed.push(child);
  else child.forEach((entry) => changed.push(entry));
}

function remove(child: ListedChild, { removed }: Changes): void {
  if (!isFolder(child)) removed.push(child.path);
  else child.forEach(({ path }) => removed.push(path));
}

function isSame(one: ListedChild | undefined, other: ListedChild | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.path !== other.path) return false;
  if (isFolder(one)) return isFolder(other) && one.tree === other.tree;
  return !isFolder(other) && one.id === other.id && one.kind === other.kind && one.invalidPath === other.invalidPath;
}

function isFolder(child: ListedChild): child is ListedFolder {
  return child instanceof ListedFolder;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
