/** A pack as a server sent it, held in memory: found out what is in it, and that none of it is damaged. */
import { createHash } from "node:crypto";
import { GitError } from "./git-error.ts";
import { inflate } from "./inflate.ts";
import { MemoryIndex } from "./memory-index.ts";
import { ObjectCache } from "./object-cache.ts";
import { objectIdOf } from "./objects.ts";
import { readEntryHeader } from "./pack-entry.ts";
import { Pack, type FindBase } from "./pack.ts";
import { Turn } from "./turn.ts";

const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 20;
const VERSION = 2;
/** So much is summed up before the event loop may get its turn. */
const SUMMED_BYTES = 1_048_576;

export interface OpenOptions {
  /** Shared with the other packs of the repository; one of its own where it is left out. */
  readonly cache?: ObjectCache;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Indexes a whole pack. `findBase` finds what a thin pack leaves out. Throws `truncated`, `corrupt`, `too-large` or
 * `aborted`; then nothing of the pack is to be used.
 */
export async function openMemoryPack(
  bytes: Buffer,
  findBase: FindBase,
  { cache = new ObjectCache(), signal }: OpenOptions = {},
): Promise<Pack> {
  const turn = new Turn(signal);
  const count = await checkedCount(bytes, turn);
  const index = new MemoryIndex(bytes.length - CHECKSUM_BYTES);
  const pack = new Pack(index, (start, end) => bytes.subarray(start, end), cache.forPack(bytes.length));
  const work = { bytes, pack, index, findBase, turn };
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

async function checkedCount(bytes: Buffer, turn: Turn): Promise<number> {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) throw new GitError("truncated", "the server sent no whole pack");
  if (bytes.toString("latin1", 0, 4) !== "PACK" || bytes.readUInt32BE(4) !== VERSION) {
    throw new GitError("corrupt", "what the server sent is not a pack of version 2");
  }
  const sum = createHash("sha1");
  for (let at = 0; at < bytes.length - CHECKSUM_BYTES; at += SUMMED_BYTES) {
    if (turn.isOver()) await turn.yield();
    sum.update(bytes.subarray(at, Math.min(at + SUMMED_BYTES, bytes.length - CHECKSUM_BYTES)));
  }
  if (sum.digest("hex") !== bytes.toString("hex", bytes.length - CHECKSUM_BYTES)) {
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
