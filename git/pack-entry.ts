/** One entry of a pack file: its header, and what its data is based on. */
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectType } from "./objects.ts";

/** What an entry says before its zlib stream begins. */
export interface EntryHeader {
  /** Null for a delta. */
  readonly type: ObjectType | null;
  /** Of the unpacked data: the object, or the delta. */
  readonly sizeBytes: number;
  /** Where the zlib stream begins, from the start of the entry. */
  readonly dataAt: number;
  /** For a delta: where in this pack its base begins, counted back from this entry. */
  readonly baseDistance: number | null;
  /** For a delta: the id of its base, in this pack or elsewhere. */
  readonly baseId: ObjectId | null;
}

const TYPES: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };
const OFFSET_DELTA = 6;
const REFERENCE_DELTA = 7;
const ID_BYTES = 20;

/** No header is longer than this. */
export const ENTRY_HEADER_MAX_BYTES = 64;

/** Reads the header at the start of `bytes`. Throws `corrupt`. */
export function readEntryHeader(bytes: Buffer): EntryHeader {
  let at = 0;
  const first = byteAt(bytes, at++);
  let sizeBytes = first & 0x0f;
  let byte = first;
  for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
    byte = byteAt(bytes, at++);
    sizeBytes += (byte & 0x7f) * factor;
  }
  const kind = (first >> 4) & 0x07;
  const none = { type: null, sizeBytes, baseDistance: null, baseId: null };
  if (kind === REFERENCE_DELTA) {
    byteAt(bytes, at + ID_BYTES - 1);
    return { ...none, dataAt: at + ID_BYTES, baseId: bytes.toString("hex", at, at + ID_BYTES) };
  }
  if (kind === OFFSET_DELTA) {
    const { distance, end } = readDistance(bytes, at);
    return { ...none, dataAt: end, baseDistance: distance };
  }
  const type = TYPES[kind];
  if (type === undefined)
    throw new GitError("corrupt", `a pack of the repository holds an entry of unknown type ${kind}`);
  return { ...none, type, dataAt: at };
}

// Each further byte adds one before it shifts, so that no distance can be written in two ways.
function readDistance(bytes: Buffer, start: number): { distance: number; end: number } {
  let at = start;
  let byte = byteAt(bytes, at++);
  let distance = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = byteAt(bytes, at++);
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  return { distance, end: at };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined || at >= ENTRY_HEADER_MAX_BYTES) {
    throw new GitError("corrupt", "a pack of the repository ends inside an entry");
  }
  return byte;
}
