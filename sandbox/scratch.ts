/** A folder of its own for one run, removed at its end, and by the next run where the end never came. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "gf-";
const OWNER_FILE = ".owner";
/** A unix socket's path may have 107 bytes, and devices put theirs into such a folder. */
const BASE_MAX_CHARS = 60;

/** A folder that exists until `remove`. */
export interface Scratch {
  readonly path: string;
  /** Deletes the folder and everything in it; a second call does nothing. */
  remove(): void;
}

/** Makes an empty folder below the system's temporary folder; `prefix` tells people what it is for. */
export function scratchFolder(prefix: string): Scratch {
  const path = mkdtempSync(join(scratchBase(), `${PREFIX}${prefix}-`));
  writeFileSync(join(path, OWNER_FILE), ownerText(process.pid));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
}

/** A folder by a name that only one process on the machine can have at a time; null where another one has it. */
export function claimFolder(name: string): Scratch | null {
  const path = join(scratchBase(), `${PREFIX}${name}`);
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (isAbandoned(path)) rmSync(path, { recursive: true, force: true });
    return null;
  }
  writeFileSync(join(path, OWNER_FILE), ownerText(process.pid));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The scratch folders whose process is gone: it was killed before it could remove them. */
export function abandonedFolders(prefix: string): string[] {
  const base = scratchBase();
  const named = readdirSync(base).filter((name) => name.startsWith(`${PREFIX}${prefix}-`));
  return named.map((name) => join(base, name)).filter(isAbandoned);
}

function isAbandoned(folder: string): boolean {
  const owner = readOrNull(join(folder, OWNER_FILE));
  // A folder without the file is being made this very moment, or is not ours.
  if (owner === null) return false;
  const pid = Number(owner.split(" ", 1)[0]);
  return owner !== ownerText(pid) || !isAlive(pid);
}

// The start time tells a process from a later one that was given the same id; one that ended but was not yet collected is gone.
function ownerText(pid: number): string {
  const stat = readOrNull(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return fields[0] === "Z" ? "" : `${pid} ${fields[19] ?? "unknown"}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function scratchBase(): string {
  const base = realpathSync(tmpdir());
  return base.length <= BASE_MAX_CHARS ? base : realpathSync("/tmp");
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
