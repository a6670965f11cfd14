/** The objects of a local repository: loose ones, packs, and those of repositories it borrows from (alternates). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { inflateSync } from "node:zlib";
import { GitError } from "./git-error.ts";
import { inflatePrefix } from "./inflate.ts";
import { ObjectCache } from "./object-cache.ts";
import {
  OBJECT_MAX_BYTES,
  type GitObject,
  type ObjectId,
  type ObjectReader,
  type ObjectType,
  type Oversized,
} from "./objects.ts";
import { openPackOnDisk } from "./pack-on-disk.ts";
import { byPlace, type Pack, type Place } from "./pack.ts";

const ALTERNATES_DEPTH_MAX = 5;
const LOOSE_HEADER = /^(commit|tree|blob|tag) (\d{1,12})\0/;
const LOOSE_HEADER_MAX_BYTES = 32;
const STARTING_WITH_MAX = 8;

interface OpenPack {
  readonly pack: Pack;
  close(): void;
}

/** Reads one objects folder and its alternates. Packs that appear or vanish (`git gc`) are noticed when an object is missed. */
export class DiskObjects implements ObjectReader {
  readonly #folders: readonly string[];
  readonly #packs = new Map<string, OpenPack>();
  readonly #cache = new ObjectCache();
  #scanned = false;

  constructor(objectsFolder: string) {
    this.#folders = withAlternates(objectsFolder, 0);
  }

  read(id: ObjectId): GitObject | null {
    return this.#fromPacks(id, (pack, at) => pack.readAt(at, (baseId) => this.read(baseId))) ?? this.#readLoose(id);
  }

  readUpTo(id: ObjectId, maxBytes: number): GitObject | Oversized | null {
    const packed = this.#fromPacks(id, (pack, at) => pack.readUpTo(at, maxBytes, (baseId) => this.read(baseId)));
    if (packed !== null) return packed;
    const sizeBytes = this.#looseHeader(id)?.sizeBytes ?? 0;
    return sizeBytes > maxBytes ? { type: null, sizeBytes } : this.#readLoose(id);
  }

  inStoredOrder(ids: readonly ObjectId[]): readonly ObjectId[] {
    if (!this.#scanned) this.#scan();
    return byPlace(ids, (id) => this.#find(id));
  }

  /** Ids that begin with these hex digits, at least two of them; a few at most. */
  startingWith(prefix: string): ObjectId[] {
    this.#scan();
    const found = new Set<ObjectId>();
    for (const { pack } of this.#packs.values()) for (const id of pack.index.startingWith(prefix)) found.add(id);
    for (const folder of this.#folders) {
      for (const rest of listed(join(folder, prefix.slice(0, 2)))) {
        if (`${prefix.slice(0, 2)}${rest}`.startsWith(prefix)) found.add(`${prefix.slice(0, 2)}${rest}`);
      }
    }
    return [...found].slice(0, STARTING_WITH_MAX);
  }

  close(): void {
    for (const open of this.#packs.values()) open.close();
    this.#packs.clear();
    this.#scanned = false;
  }

  #fromPacks<T>(id: ObjectId, use: (pack: Pack, at: number) => T): T | null {
    if (!this.#scanned) this.#scan();
    const found = this.#find(id);
    if (found !== null) return use(found.pack, found.at);
    if (this.#loosePath(id) !== null) return null;
    // Neither packed nor loose: it may have been packed a moment ago.
    this.#scan();
    const later = this.#find(id);
    return later === null ? null : use(later.pack, later.at);
  }

  #find(id: ObjectId): Place | null {
    for (const { pack } of this.#packs.values()) {
      const at = pack.index.find(id);
      if (at !== null) return { pack, at };
    }
    return null;
  }

  // Open files stay readable after `git gc` deleted them, so vanished packs are closed without haste.
  #scan(): void {
    this.#scanned = true;
    const bases = new Set<string>();
    for (const folder of this.#folders) {
      for (const name of listed(join(folder, "pack"))) {
        if (name.endsWith(".idx")) bases.add(join(folder, "pack", name.slice(0, -".idx".length)));
      }
    }
    for (const [base, open] of this.#packs) {
      if (bases.has(base)) continue;
      open.close();
      this.#packs.delete(base);
    }
    for (const base of bases) if (!this.#packs.has(base)) this.#open(base);
  }

  #open(base: string): void {
    try {
      this.#packs.set(base, openPackOnDisk(base, this.#cache));
    } catch (error) {
      // Between the listing and now it may have been repacked away.
      if (existsSync(`${base}.idx`) && existsSync(`${base}.pack`)) throw error;
    }
  }

  #loosePath(id: ObjectId): string | null {
    const paths = this.#folders.map((folder) => join(folder, id.slice(0, 2), id.slice(2)));
    return paths.find((path) => existsSync(path)) ?? null;
  }

  #looseHeader(id: ObjectId): { type: ObjectType; sizeBytes: number; headerBytes: number } | null {
    const path = this.#loosePath(id);
    if (path === null) return null;
    const start = inflatePrefix(readFileSync(path), LOOSE_HEADER_MAX_BYTES).toString(
      "latin1",
      0,
      LOOSE_HEADER_MAX_BYTES,
    );
    const match = LOOSE_HEADER.exec(start);
    if (match === null) throw new GitError("corrupt", `the object ${id} of the repository is damaged`);
    return { type: match[1] as ObjectType, sizeBytes: Number(match[2]), headerBytes: match[0].length };
  }

  #readLoose(id: ObjectId): GitObject | null {
    const header = this.#looseHeader(id);
    const path = this.#loosePath(id);
    if (header === null || path === null) return null;
    if (header.sizeBytes > OBJECT_MAX_BYTES)
      throw new GitError("too-large", `the object ${id} has ${header.sizeBytes} bytes`);
    const whole = header.headerBytes + header.sizeBytes;
    try {
      const bytes = inflateSync(readFileSync(path), { maxOutputLength: whole + 1 });
      if (bytes.length === whole) return { type: header.type, bytes: bytes.subarray(header.headerBytes) };
    } catch (cause) {
      throw new GitError("corrupt", `the object ${id} of the repository is damaged`, { cause });
    }
    throw new GitError("corrupt", `the object ${id} of the repository has a wrong size`);
  }
}

function withAlternates(folder: string, depth: number): string[] {
  const list = join(folder, "info", "alternates");
  if (depth >= ALTERNATES_DEPTH_MAX || !existsSync(list)) return [folder];
  const lines = readFileSync(list, "utf8").split("\n");
  const others = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return [
    folder,
    ...others.flatMap((line) => withAlternates(isAbsolute(line) ? line : resolve(folder, line), depth + 1)),
  ];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
