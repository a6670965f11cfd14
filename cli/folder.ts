/** A plain folder or a checkout as a snapshot: what stands in its files now. Links are reported, never followed. */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  statSync,
  type Dirent,
} from "node:fs";
import { join } from "node:path";
import { FLEET_FILE, type Snapshot, type SnapshotEntry } from "#fleet/snapshot.ts";
import { OutsideError, UsageError, errorCode } from "#runtime/errors.ts";
import { FILE_MAX_BYTES } from "#schema/limits.ts";

/** Folders within folders; a git tree that a person made is never this deep. */
export const FOLDER_DEPTH_MAX = 64;
/** Files and folders looked at; beyond this it is not a fleet repository. */
export const FOLDER_ENTRIES_MAX = 2_000_000;

const FLEET_FOLDERS = ["deployments", "devices"];
const YAML = /\.ya?ml$/;

/**
 * Reads fleet.yaml, deployments/ and devices/ below `dir`. File ids are those that git would give, so that equal files
 * here and in a commit are known to be equal. Throws a UsageError where `dir` is no folder, an OutsideError where
 * something cannot be read: half a folder is never taken for the whole.
 */
export function readFolder(dir: string): Snapshot {
  checkIsFolder(dir);
  const reading: Reading = { dir, entries: [], contents: new Map(), looked: 0 };
  for (const name of [FLEET_FILE, ...FLEET_FOLDERS]) readTop(reading, name);
  return { entries: reading.entries, content: (id) => reading.contents.get(id) };
}

interface Reading {
  readonly dir: string;
  readonly entries: SnapshotEntry[];
  readonly contents: Map<string, Uint8Array>;
  looked: number;
}

function checkIsFolder(dir: string): void {
  try {
    if (!statSync(dir).isDirectory()) throw new UsageError(`${dir} is not a folder`);
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT" && errorCode(cause) !== "ENOTDIR") throw cause;
    throw new UsageError(`there is no folder ${dir}`, { hint: "Name the folder of a fleet repository." });
  }
}

function readTop(reading: Reading, name: string): void {
  const stat = outside(name, () => lstatSync(join(reading.dir, name), { throwIfNoEntry: false }));
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    if (name !== FLEET_FILE) readBelow(reading, name, 1);
  } else readEntry(reading, name, kindOf(stat));
}

function readBelow(reading: Reading, path: string, depth: number): void {
  if (depth > FOLDER_DEPTH_MAX) throw new OutsideError(`${path} is more than ${FOLDER_DEPTH_MAX} folders deep`);
  const found = outside(path, () => readdirSync(join(reading.dir, path), { withFileTypes: true, encoding: "buffer" }));
  reading.looked += found.length;
  if (reading.looked > FOLDER_ENTRIES_MAX) throw new OutsideError(`more than ${FOLDER_ENTRIES_MAX} files`);
  // A folder with a .git of its own is a submodule that was checked out: git sees one entry there, not its files.
  if (found.some((entry) => String(entry.name) === ".git")) {
    reading.entries.push({ path, kind: "submodule", id: path, sizeBytes: null });
    return;
  }
  for (const entry of found) readFound(reading, path, entry, depth);
}

function readFound(reading: Reading, parent: string, entry: Dirent<Buffer>, depth: number): void {
  const name = entry.name.toString("utf8");
  const path = `${parent}/${name}`;
  if (!Buffer.from(name, "utf8").equals(entry.name)) {
    const invalidPath = "its name is not UTF-8; rename it";
    reading.entries.push({ path, kind: kindOf(entry), id: path, sizeBytes: null, invalidPath });
  } else if (entry.isDirectory()) readBelow(reading, path, depth + 1);
  else readEntry(reading, path, kindOf(entry));
}

function kindOf(entry: { isFile(): boolean; isSymbolicLink(): boolean }): SnapshotEntry["kind"] {
  if (entry.isFile()) return "file";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

function readEntry(reading: Reading, path: string, kind: SnapshotEntry["kind"]): void {
  if (kind !== "file" || !YAML.test(path)) {
    reading.entries.push({ path, kind, id: path, sizeBytes: null });
    return;
  }
  const { bytes, sizeBytes } = outside(path, () => readBytes(join(reading.dir, path)));
  const id = bytes === null ? `too large: ${path}` : gitBlobId(bytes);
  if (bytes !== null) reading.contents.set(id, bytes);
  reading.entries.push({ path, kind, id, sizeBytes });
}

// Looks at the size before reading, and at the file that was opened rather than at its name: neither a pipe nor a link
// put there meanwhile is followed.
function readBytes(path: string): { bytes: Uint8Array | null; sizeBytes: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    if (size > FILE_MAX_BYTES) return { bytes: null, sizeBytes: size };
    const buffer = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const count = readSync(fd, buffer, filled, size - filled, null);
      if (count === 0) break;
      filled += count;
    }
    return { bytes: buffer.subarray(0, filled), sizeBytes: filled };
  } finally {
    closeSync(fd);
  }
}

function gitBlobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function outside<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof OutsideError) throw cause;
    const hint = errorCode(cause) === "EACCES" ? "Check who may read it (ls -l)." : undefined;
    throw new OutsideError(`cannot read ${path}`, { hint, cause });
  }
}
