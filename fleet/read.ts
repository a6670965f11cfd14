/** Files of a repository → a fleet, or every problem in it. */
import { FILE_MAX_BYTES } from "#schema/limits.ts";
import { compareBytes } from "./byte-order.ts";
import { assemble } from "./assemble.ts";
import type { Fleet } from "./fleet.ts";
import { Numbering } from "./matches.ts";
import { parseFile, unreadableFile, type ParsedFile } from "./parsed-file.ts";
import type { Problem, Warning } from "./problem.ts";
import { finished } from "./steps.ts";
import { FLEET_FILE, isFleetPath, type Snapshot, type SnapshotEntry } from "./snapshot.ts";

/** What one snapshot says. */
export interface FleetReading {
  /** Null exactly where there are problems. */
  readonly fleet: Fleet | null;
  /** In byte order of path, then by line and column. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** How many documents of each kind there are, valid or not. */
  readonly deployments: number;
  readonly devices: number;
}

interface KnownFile {
  readonly id: string;
  readonly file: ParsedFile;
}

/** Reads snapshots one after another. Keeps parsed files by path and id, so that a new commit costs only what changed. */
export class FleetReader {
  #known = new Map<string, KnownFile>();

  /** The entries whose content `read` will ask for and that are not known from an earlier snapshot. */
  wants(entries: readonly SnapshotEntry[]): SnapshotEntry[] {
    return entries.filter((entry) => refusal(entry) === null && isDocumentFile(entry) && this.#find(entry) === null);
  }

  /** Throws only where content that `wants` named is missing: a snapshot that is not whole is never an intent. */
  read(snapshot: Snapshot): FleetReading {
    const known = new Map<string, KnownFile>();
    for (const entry of snapshot.entries.filter(({ path }) => isFleetPath(path))) {
      const file = this.#read(entry, snapshot);
      if (file !== null) known.set(entry.path, { id: entry.id, file });
    }
    this.#known = known;
    const files = [...known.values()].map(({ file }) => file).toSorted((a, b) => compareBytes(a.path, b.path));
    return finished(assemble(files, new Numbering()));
  }

  #read(entry: SnapshotEntry, snapshot: Snapshot): ParsedFile | null {
    const refused = refusal(entry);
    if (refused !== null) return refused;
    if (!isDocumentFile(entry)) return null;
    return this.#find(entry) ?? readContent(entry, snapshot.content(entry.id));
  }

  #find(entry: SnapshotEntry): ParsedFile | null {
    const known = this.#known.get(entry.path);
    return known !== undefined && known.id === entry.id ? known.file : null;
  }
}

/** Fleet documents stand in fleet.yaml and in .yaml and .yml files below deployments/ and devices/. */
function isDocumentFile({ path }: SnapshotEntry): boolean {
  return isFleetPath(path) && (path === FLEET_FILE || /\.ya?ml$/.test(path));
}

/** What is wrong with an entry before its content is looked at. */
function refusal(entry: SnapshotEntry): ParsedFile | null {
  const { path, kind, sizeBytes, invalidPath } = entry;
  if (!isFleetPath(path)) return null;
  if (invalidPath !== undefined) return unreadableFile(path, "invalid-path", invalidPath);
  if (kind !== "file") {
    const what = { symlink: "a symbolic link", submodule: "a submodule", other: "neither a file nor a folder" }[kind];
    return unreadableFile(path, "not-a-file", `this is ${what}; only plain files are read: put a copy here instead`);
  }
  if (!isDocumentFile(entry) || sizeBytes === null || sizeBytes <= FILE_MAX_BYTES) return null;
  return tooLarge(path, sizeBytes);
}

function readContent({ path, id }: SnapshotEntry, bytes: Uint8Array | undefined): ParsedFile {
  if (bytes === undefined) throw new Error(`the snapshot lacks the content of ${path} (${id}); read it again`);
  if (bytes.length > FILE_MAX_BYTES) return tooLarge(path, bytes.length);
  const text = decodeUtf8(bytes);
  return text === null
    ? unreadableFile(path, "not-utf8", "this file is not UTF-8; save it as UTF-8")
    : parseFile(path, text);
}

function tooLarge(path: string, sizeBytes: number): ParsedFile {
  const message = `this file has ${sizeBytes} bytes, at most ${FILE_MAX_BYTES} are read; split it`;
  return unreadableFile(path, "file-too-large", message);
}

/** Without a byte order mark, so that the first character is in column 1. */
function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return DECODER.decode(bytes);
  } catch {
    return null;
  }
}

const DECODER = new TextDecoder("utf-8", { fatal: true });
