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
  readonly entries: readonly SnapshotEntry[];
  content(id: string): Uint8Array | undefined;
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
