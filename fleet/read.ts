/** Files of a repository → a fleet, or every problem in it. */
import { FILE_MAX_BYTES } from "#schema/limits.ts";
import { assemble } from "./assemble.ts";
import { compareBytes } from "./byte-order.ts";
import type { FileChange } from "./file-changes.ts";
import { Numbering } from "./matches.ts";
import { Names } from "./names.ts";
import { Numbered } from "./numbered.ts";
import { parseFileSteps, unreadableFile, type ParsedFile } from "./parsed-file.ts";
import type { FleetReading } from "./reading.ts";
import { reassemble } from "./reassemble.ts";
import { FLEET_FILE, isFleetPath, type Listing, type Snapshot, type SnapshotEntry } from "./snapshot.ts";
import { finished } from "./steps.ts";

export type { FleetReading } from "./reading.ts";

interface KnownFile {
  /** Null where nothing was read: the same content may be a plain file the next time. */
  readonly id: string | null;
  readonly file: ParsedFile;
}

/** The files of one snapshot, by the number of their path, and what they say. */
interface Known {
  readonly files: Numbered<KnownFile>;
  readonly listing: Listing | null;
  readonly reading: FleetReading | null;
}

/**
 * Reads snapshots one after another. Keeps parsed files by path and id, and the last valid fleet, so that a new commit
 * costs only what changed.
 */
export class FleetReader {
  readonly #paths = new Names();
  #last: Known = { files: Numbered.empty(), listing: null, reading: null };
  /** The last valid one: what comes is compared with it. */
  #valid: Known | null = null;

  /** What was read last, for a source that can say what changed since. */
  get listing(): Listing | null {
    return this.#last.listing;
  }

  /** The entries whose content `read` will ask for and that are not known from an earlier snapshot. */
  wants(entries: readonly SnapshotEntry[]): SnapshotEntry[] {
    return entries.filter((entry) => refusal(entry) === null && isDocumentFile(entry) && !this.#isKnown(entry));
  }

  /** Throws only where content that `wants` named is missing: a snapshot that is not whole is never an intent. */
  read(snapshot: Snapshot): FleetReading {
    return finished(this.steps(snapshot));
  }

  /** The same in steps, for whoever has something else to do meanwhile. Two readings at a time do no harm. */
  *steps(snapshot: Snapshot): Generator<void, FleetReading> {
    const before = this.#last;
    const files = before.files.with(yield* this.#changedFiles(snapshot, before));
    const isSame = files === before.files && before.reading !== null;
    const reading = isSame ? before.reading : yield* this.#readFiles(files);
    this.#last = { files, listing: snapshot.listing ?? null, reading };
    if (reading.fleet !== null) this.#valid = this.#last;
    return reading;
  }

  /** What a snapshot has in place of what the one before had, by the number of the path. */
  *#changedFiles(snapshot: Snapshot, before: Known): Generator<void, [number, KnownFile | undefined][]> {
    const changes = before.listing === null ? null : (snapshot.changesSince?.(before.listing) ?? null);
    const changed: [number, KnownFile | undefined][] = [];
    const seen = new Set<number>();
    for (const entry of changes?.changed ?? snapshot.entries) {
      if (!isFleetPath(entry.path)) continue;
      const number = this.#paths.numberOf(entry.path);
      const known = before.files.at(number);
      const file = yield* this.#read(entry, snapshot, known);
      if (file !== undefined) seen.add(number);
      if (file === known) continue;
      changed.push([number, file]);
      yield;
    }
    if (changes === null) {
      before.files.forEach((_file, number) => {
        if (!seen.has(number)) changed.push([number, undefined]);
      });
    }
    for (const path of changes?.removed ?? []) changed.push([this.#paths.numberOf(path), undefined]);
    return changed.filter(([number, file]) => file !== before.files.at(number));
  }

  *#readFiles(files: Numbered<KnownFile>): Generator<void, FleetReading> {
    const known = this.#valid;
    if (known?.reading != null) {
      const changes = [...known.files.differing(files)].map((number): FileChange => {
        return { before: known.files.at(number)?.file, after: files.at(number)?.file };
      });
      const reading = yield* reassemble(known.reading, changes);
      if (reading !== null) return reading;
    }
    const all: ParsedFile[] = [];
    files.forEach(({ file }) => all.push(file));
    yield;
    return yield* assemble(
      all.toSorted((a, b) => compareBytes(a.path, b.path)),
      numberingAfter(known?.reading ?? null),
    );
  }

  *#read(
    entry: SnapshotEntry,
    snapshot: Snapshot,
    known: KnownFile | undefined,
  ): Generator<void, KnownFile | undefined> {
    const refused = refusal(entry);
    if (refused !== null) return { id: null, file: refused };
    if (!isDocumentFile(entry)) return undefined;
    if (known?.id === entry.id) return known;
    return { id: entry.id, file: yield* readContent(entry, snapshot.content(entry.id), known?.file) };
  }

  #isKnown(entry: SnapshotEntry): boolean {
    const number = this.#paths.find(entry.path);
    return number !== undefined && this.#last.files.at(number)?.id === entry.id;
  }
}

/** Fleets of one numbering are compared soonest; a new one is begun where most of its names are of the past. */
function numberingAfter(reading: FleetReading | null): Numbering {
  const matches = reading?.fleet?.matches;
  if (matches === undefined) return new Numbering();
  const { numbering, devices } = matches;
  return numbering.devices.size > 2 * devices.size + NAMES_SPARE ? new Numbering() : numbering;
}

/** So many names of the past are kept, whatever the fleet's size. */
const NAMES_SPARE = 10_000;

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

function* readContent(
  { path, id }: SnapshotEntry,
  bytes: Uint8Array | undefined,
  before: ParsedFile | undefined,
): Generator<void, ParsedFile> {
  if (bytes === undefined) throw new Error(`the snapshot lacks the content of ${path} (${id}); read it again`);
  if (bytes.length > FILE_MAX_BYTES) return tooLarge(path, bytes.length);
  const text = decodeUtf8(bytes);
  return text === null
    ? unreadableFile(path, "not-utf8", "this file is not UTF-8; save it as UTF-8")
    : yield* parseFileSteps(path, text, before);
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
