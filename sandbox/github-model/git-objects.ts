/** What git knows about commits, changed files and refs, and how it prints them. */

export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person & { readonly date: string };
  readonly committer: Person & { readonly date: string };
  readonly message: string;
}

export interface FileChange {
  readonly path: string;
  readonly previousPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed" | "changed";
  readonly blob: string;
  readonly additions: number;
  readonly deletions: number;
}

/** A ref that moved; null where it did not exist before or does not after. */
export interface RefChange {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What `parseCommit` reads, for `git log --format`. */
export const COMMIT_FORMAT = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"].join("%x00");

/** What differs between two readings of the refs, branches and tags alone. */
export function refChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): RefChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((ref) => /^refs\/(heads|tags)\//.test(ref));
  return names
    .map((ref) => ({ ref, before: before.get(ref) ?? null, after: after.get(ref) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** One entry of `COMMIT_FORMAT`. */
export function parseCommit(entry: string): Commit {
  const [sha = "", tree = "", parents = "", an = "", ae = "", ad = "", cn = "", ce = "", cd = "", body = ""] =
    entry.split("\0");
  return {
    sha,
    tree,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    author: { name: an, email: ae, date: inUtc(ad) },
    committer: { name: cn, email: ce, date: inUtc(cd) },
    message: body.replace(/\n+$/, ""),
  };
}

function inUtc(date: string): string {
  return new Date(date).toISOString().replace(/\.\d+Z$/, "Z");
}

const STATUS_OF_LETTER: Readonly<Record<string, FileChange["status"]>> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  T: "changed",
};

/** `git diff-tree -z --raw`, in order of path. */
export function parseRaw(text: string): Omit<FileChange, "additions" | "deletions">[] {
  const fields = text.split("\0");
  const changes: Omit<FileChange, "additions" | "deletions">[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, , before = "", after = "", letter = ""] = (fields[at] ?? "").split(" ");
    const status = STATUS_OF_LETTER[letter.charAt(0)] ?? "changed";
    const renamed = status === "renamed";
    const path = fields[at + (renamed ? 2 : 1)] ?? "";
    changes.push({
      path,
      previousPath: renamed ? (fields[at + 1] ?? null) : null,
      status,
      blob: status === "removed" ? before : after,
    });
    if (renamed) at += 1;
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** `git diff-tree -z --numstat`, by path. */
export function parseCounts(text: string): Map<string, { additions: number; deletions: number }> {
  const fields = text.split("\0");
  const counts = new Map<string, { additions: number; deletions: number }>();
  for (let at = 0; at < fields.length; at += 1) {
    const [added = "", deleted = "", path] = (fields[at] ?? "").split("\t");
    if (path === undefined) continue;
    // A rename has an empty path here, then the old and the new one. Binary files count "-".
    const name = path === "" ? (fields[at + 2] ?? "") : path;
    if (path === "") at += 2;
    counts.set(name, { additions: Number(added) || 0, deletions: Number(deleted) || 0 });
  }
  return counts;
}
