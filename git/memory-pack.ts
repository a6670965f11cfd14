/** A pack as a server sent it, held in memory: found out what is in it, and that none of it is damaged. */
import { hash } from "node:crypto";
import { GitError } from "./git-error.ts";
import { inflate } from "./inflate.ts";
import { objectIdOf, type ObjectId } from "./objects.ts";
import { readEntryHeader } from "./pack-entry.ts";
import { Pack, type FindBase, type PackIndex } from "./pack.ts";
import { Turn } from "./turn.ts";

const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 20;
const VERSION = 2;
const STARTING_WITH_MAX = 8;

/**
 * Indexes a whole pack. `findBase` finds what a thin pack leaves out. Throws `truncated`, `corrupt` or `too-large`;
 * then nothing of the pack is to be used.
 */
export async function openMemoryPack(bytes: Buffer, findBase: FindBase, signal?: AbortSignal): Promise<Pack> {
  const count = checkedCount(bytes);
  const index = new MemoryIndex(bytes.length - CHECKSUM_BYTES);
  const pack = new Pack(index, (start, end) => bytes.subarray(start, end));
  const work = { bytes, pack, index, findBase, turn: new Turn(signal) };
  await resolveOpen(await scan(count, work), work);
  return pack;
}

interface Opening {
  readonly bytes: Buffer;
  readonly pack: Pack;
  readonly index: MemoryIndex;
  readonly findBase: FindBase;
  readonly turn: Turn;
}

function checkedCount(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) throw new GitError("truncated", "the server sent no whole pack");
  if (bytes.toString("latin1", 0, 4) !== "PACK" || bytes.readUInt32BE(4) !== VERSION) {
    throw new GitError("corrupt", "what the server sent is not a pack of version 2");
  }
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (hash("sha1", body, "hex") !== bytes.toString("hex", bytes.length - CHECKSUM_BYTES)) {
    throw new GitError("corrupt", "the pack that the server sent does not match its checksum");
  }
  return bytes.readUInt32BE(8);
}

// Walks over all entries: each ends where its zlib stream ends. Nearly every delta comes soon after its base and is
// resolved at once. Gives where those begin that are not.
async function scan(count: number, { bytes, pack, index, findBase, turn }: Opening): Promise<number[]> {
  const entries = bytes.subarray(0, -CHECKSUM_BYTES);
  const open: number[] = [];
  let at = HEADER_BYTES;
  for (let entry = 0; entry < count; entry += 1) {
    if (turn.isOver()) await turn.yield();
    const header = readEntryHeader(entries, at);
    const data = inflate(entries, header.dataAt, header.sizeBytes);
    index.addEntry(at);
    const object = pack.resolve(at, { header, bytes: data.bytes }, findBase);
    if (object === null) open.push(at);
    else index.addObject(objectIdOf(object.type, object.bytes), at);
    at = header.dataAt + data.consumed;
  }
  if (at !== entries.length) throw new GitError("corrupt", "the pack that the server sent holds more than it says");
  return open;
}

// A delta may name a base that stands further on, and is a delta itself: go round until nothing more is found.
async function resolveOpen(from: readonly number[], { pack, index, findBase, turn }: Opening): Promise<void> {
  let open = from;
  while (open.length > 0) {
    const left: number[] = [];
    for (const at of open) {
      if (turn.isOver()) await turn.yield();
      const object = pack.readAt(at, findBase);
      if (object === null) left.push(at);
      else index.addObject(objectIdOf(object.type, object.bytes), at);
    }
    if (left.length === open.length) {
      throw new GitError("corrupt", `${left.length} deltas of the pack that the server sent have no base`);
    }
    open = left;
  }
}

class MemoryIndex implements PackIndex {
  readonly #offsets = new Map<ObjectId, number>();
  // Entries are added in the order in which they stand.
  readonly #starts: number[] = [];
  readonly #end: number;

  constructor(end: number) {
    this.#end = end;
  }

  addEntry(at: number): void {
    this.#starts.push(at);
  }

  addObject(id: ObjectId, at: number): void {
    this.#offsets.set(id, at);
  }

  find(id: ObjectId): number | null {
    return this.#offsets.get(id) ?? null;
  }

  endOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#starts[low] ?? this.#end;
  }

  startingWith(prefix: string): ObjectId[] {
    return [...this.#offsets.keys()].filter((id) => id.startsWith(prefix)).slice(0, STARTING_WITH_MAX);
  }
}
