/** What a repository holds at one moment, whatever it was read from: a folder or a git tree. */

/** One path. Folders are not entries, except where they are links or submodules. */
export interface SnapshotEntry {
  /** Relative to the repository's folder, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "submodule" | "other";
  /** Equal ids mean equal bytes: a git blob id, or a digest of the bytes. */
  readonly id: string;
  /** Null where only the content tells. */
  readonly sizeBytes: number | null;
  /** Why this path cannot be used, where it escapes or cannot be written down; the entry is then a problem. */
  readonly invalidPath?: string;
}

/** Entries, and the bytes of those that the reader asked for. */
export interface Snapshot {
  /** Each path once, in the order of the source. */
  readonly entries: readonly SnapshotEntry[];
  content(id: string): Uint8Array | undefined;
  /** Stands for these entries; absent where the source reads everything each time. */
  readonly listing?: Listing;
  /**
   * What differs from an earlier snapshot, so that a reader that knows that one need not go over all entries. Null where
   * the two cannot be compared: then the entries say everything.
   */
  changesSince?(earlier: Listing): SnapshotChanges | null;
}

/** The paths and ids of one snapshot without its contents, for a reader to keep. Only its source looks inside. */
export interface Listing {
  /** How many entries there are. */
  readonly entryCount: number;
}

/** From one snapshot to another: applied to the entries of the first it gives those of the second. */
export interface SnapshotChanges {
  /** Entries that are new, or differ in anything, as they are now. */
  readonly changed: readonly SnapshotEntry[];
  /** Paths that have no entry any more. */
  readonly removed: readonly string[];
}

const FLEET_PATH = /^(?:fleet\.yaml|(?:deployments|devices)(?:\/.*)?)$/s;
/** The settings of the whole fleet. */
export const FLEET_FILE = "fleet.yaml";

/**
 * True for paths the engine looks at: fleet.yaml, deployments/ and devices/ themselves and all below them, since a
 * link below them is a problem whatever its name. Sources leave out everything else.
 */
export function isFleetPath(path: string): boolean {
  return FLEET_PATH.test(path);
}
