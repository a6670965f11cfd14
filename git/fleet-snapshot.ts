/** What the fleet engine needs of a commit: the entries of its fleet paths, and the contents it asks for. */
import type { Listing, Snapshot, SnapshotChanges, SnapshotEntry } from "#fleet/snapshot.ts";
import { needCommit } from "./commit.ts";
import { changesBetween, ListedFolder } from "./fleet-listing.ts";
import { folderTree, walkFleet } from "./fleet-walk.ts";
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { Turn } from "./turn.ts";

export interface SnapshotRequest {
  readonly commit: ObjectId;
  /** The folder of the repository that holds the fleet; empty for the whole. */
  readonly folder?: string;
  /** The listing of a snapshot that the reader knows: it is then asked only about what changed since. */
  readonly since?: Listing | null;
  /** Which of these contents are needed. It is asked part by part about all entries, or about those that changed. */
  readonly wants: (entries: readonly SnapshotEntry[]) => readonly SnapshotEntry[];
  readonly signal?: AbortSignal;
}

/** No content larger than this is unpacked; the engine refuses files from 1 MiB on. */
const CONTENT_MAX_BYTES = 2 * 1_048_576;
/** Few enough to be looked through in a moment, many enough to be read in the order in which they are stored. */
const ASKED_AT_ONCE = 2_048;

/**
 * Reads commits of one repository. Folders that did not change since the commit before are not read again.
 * Rejects with a GitError: `commit-missing`, `corrupt`, `not-found` (no such folder), `too-large`, `aborted`.
 */
export class FleetSnapshots {
  #last: ListedFolder | null = null;

  async read(objects: ObjectReader, request: SnapshotRequest): Promise<Snapshot> {
    const { commit, folder = "", since = null, signal } = request;
    const root = folderTree(objects, needCommit(objects, commit).tree, folder);
    const listing = await walkFleet(root, { objects, known: this.#last, signal });
    this.#last = listing;
    const snapshot = new GitSnapshot(listing);
    const changes = since === null ? null : snapshot.changesSince(since);
    const asked = changes?.changed ?? snapshot.entries;
    const turn = new Turn(signal);
    for (let from = 0; from < asked.length; from += ASKED_AT_ONCE) {
      await snapshot.read(objects, request.wants(asked.slice(from, from + ASKED_AT_ONCE)), turn);
    }
    return snapshot;
  }
}

class GitSnapshot implements Snapshot {
  readonly listing: ListedFolder;
  readonly #contents = new Map<ObjectId, Uint8Array>();
  /** Sizes of what is too large to be unpacked. */
  readonly #large = new Map<ObjectId, number>();

  constructor(listing: ListedFolder) {
    this.listing = listing;
  }

  get entries(): readonly SnapshotEntry[] {
    return this.#sized(this.listing.entries());
  }

  content(id: ObjectId): Uint8Array | undefined {
    return this.#contents.get(id);
  }

  changesSince(earlier: Listing): SnapshotChanges | null {
    if (!(earlier instanceof ListedFolder)) return null;
    const { changed, removed } = changesBetween(earlier, this.listing);
    return { changed: this.#sized(changed), removed };
  }

  async read(objects: ObjectReader, wanted: readonly SnapshotEntry[], turn: Turn): Promise<void> {
    if (turn.isOver()) await turn.yield();
    const paths = new Map(wanted.map(({ id, path }) => [id, path]));
    for (const id of objects.inStoredOrder([...paths.keys()])) {
      if (turn.isOver()) await turn.yield();
      if (this.#contents.has(id) || this.#large.has(id)) continue;
      const object = objects.readUpTo(id, CONTENT_MAX_BYTES);
      if (object?.type === "blob") this.#contents.set(id, object.bytes);
      else if (object?.type === null) this.#large.set(id, object.sizeBytes);
      else throw missing(paths.get(id) ?? id);
    }
  }

  #sized(entries: readonly SnapshotEntry[]): readonly SnapshotEntry[] {
    if (this.#large.size === 0) return entries;
    return entries.map((entry) => {
      const sizeBytes = this.#large.get(entry.id);
      return sizeBytes === undefined ? entry : { ...entry, sizeBytes };
    });
  }
}

function missing(path: string): GitError {
  return new GitError("corrupt", `the repository does not hold the content of ${path}`, {
    hint: "Run `git fsck`; partial clones are not supported.",
  });
}
