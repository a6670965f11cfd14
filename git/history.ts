/** The commits between what is applied and the head of a branch, and whether one of them carries a trailer. */
import { readCommit, type Commit } from "./commit.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { hasTrailer } from "./trailers.ts";

/** No search looks at more commits than this. */
export const HISTORY_MAX_COMMITS = 1_000;

export interface TrailerSearch {
  /** The newest commit. */
  readonly head: ObjectId;
  /** The commit behind which nothing counts; null where nothing was ever applied. */
  readonly applied: ObjectId | null;
  readonly key: string;
  readonly value: string;
}

/**
 * What a search found. `commit` is on the first-parent line: it carries the trailer, or it is the merge that brought in
 * a commit which does. `complete` is false where the history that is here ended before the search did.
 */
export interface TrailerFound {
  readonly commit: ObjectId | null;
  readonly complete: boolean;
}

/** Looks for the newest first-parent commit after `applied` with a trailer. */
export function findTrailer(objects: ObjectReader, search: TrailerSearch): TrailerFound {
  const line = firstParentLine(objects, search);
  let complete = line.complete;
  for (const commit of line.commits) {
    if (hasTrailer(commit.message, search.key, search.value)) return { commit: commit.id, complete: true };
    if (commit.parents.length < 2) continue;
    const merged = broughtIn(objects, commit, search.applied);
    if (merged.commits.some((other) => hasTrailer(other.message, search.key, search.value))) {
      return { commit: commit.id, complete: true };
    }
    complete &&= merged.complete;
  }
  return { commit: null, complete };
}

interface Line {
  /** Newest first. */
  readonly commits: readonly Commit[];
  readonly complete: boolean;
}

// The line ends at the applied commit, or where it meets that commit's history (a rewritten branch, a merge the other
// way round). Where the two never meet, everything else may be old: only the head itself speaks.
function firstParentLine(objects: ObjectReader, { head, applied }: TrailerSearch): Line {
  const commits: Commit[] = [];
  let complete = true;
  for (let id: ObjectId | undefined = head; id !== undefined && id !== applied;) {
    if (commits.length >= HISTORY_MAX_COMMITS) break;
    const commit = readCommit(objects, id);
    if (commit === null) {
      complete = false;
      break;
    }
    commits.push(commit);
    id = commit.parents[0];
    if (id === applied) return { commits, complete: true };
  }
  if (applied === null) return { commits: commits.slice(0, 1), complete: true };
  const known = ancestors(objects, applied);
  const meets = commits.findIndex((commit) => known.has(commit.id));
  return { commits: meets < 0 ? commits.slice(0, 1) : commits.slice(0, meets), complete };
}

function ancestors(objects: ObjectReader, from: ObjectId): Set<ObjectId> {
  const seen = new Set<ObjectId>([from]);
  for (const id of seen) {
    if (seen.size >= HISTORY_MAX_COMMITS) break;
    for (const parent of readCommit(objects, id)?.parents ?? []) seen.add(parent);
  }
  return seen;
}

// Commits that only the merged side reaches: all are painted from both ends, newest first, until none is open.
// A side whose beginning cannot be seen counts for nothing: its commits may be older than what is applied.
function broughtIn(objects: ObjectReader, merge: Commit, applied: ObjectId | null): Line {
  const painted = new Map<ObjectId, { commit: Commit | null; known: boolean }>();
  const open = new Map<ObjectId, Commit>();
  let complete = true;

  function paint(id: ObjectId, known: boolean): void {
    const before = painted.get(id);
    if (before !== undefined && (before.known || !known)) return;
    const commit = before?.commit ?? readCommit(objects, id);
    painted.set(id, { commit, known });
    if (commit !== null) open.set(id, commit);
    else if (!known) complete = false;
  }

  for (const parent of merge.parents.slice(1)) paint(parent, false);
  for (const id of [merge.parents[0], applied]) if (id !== undefined && id !== null) paint(id, true);
  for (let steps = 0; [...open.keys()].some((id) => painted.get(id)?.known === false); steps += 1) {
    if (steps >= HISTORY_MAX_COMMITS) return { commits: [], complete: true };
    const next = newest(open);
    open.delete(next.id);
    for (const parent of next.parents) paint(parent, painted.get(next.id)?.known === true);
  }
  if (!complete) return { commits: [], complete };
  const side = [...painted.values()].filter((entry) => !entry.known && entry.commit !== null);
  return { commits: side.map((entry) => entry.commit as Commit), complete };
}

function newest(open: ReadonlyMap<ObjectId, Commit>): Commit {
  let best: Commit | null = null;
  for (const commit of open.values()) {
    if (best === null || commit.committedAtSeconds > best.committedAtSeconds) best = commit;
  }
  if (best === null) throw new Error("an open commit was announced and none is there");
  return best;
}
