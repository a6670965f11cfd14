/** One entry of a pack file: its header, and what its data is based on. */
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectType } from "./objects.ts";

/** What an entry says before its zlib stream begins. */
export interface EntryHeader {
  /** Null for a delta. */
  readonly type: ObjectType | null;
  /** Of the unpacked data: the object, or the delta. */
  readonly sizeBytes: number;
  /** Where the zlib stream begins. */
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

/** Sizes and distances that a program can count take no more bytes than this. */
const SIZE_MAX_BYTES = 8;

/** Reads the header at `from`. Throws `corrupt`. */
export function readEntryHeader(bytes: Buffer, from = 0): EntryHeader {
  const first = byteAt(bytes, from);
  let at = from + 1;
  let sizeBytes = first & 0x0f;
  let byte = first;
  for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
    if (at - from > SIZE_MAX_BYTES) throw cutOff();
    byte = byteAt(bytes, at++);
    sizeBytes += (byte & 0x7f) * factor;
  }
  const kind = (first >> 4) & 0x07;
  if (kind === REFERENCE_DELTA) {
    byteAt(bytes, at + ID_BYTES - 1);
    const baseId = bytes.toString("hex", at, at + ID_BYTES);
    return { type: null, sizeBytes, dataAt: at + ID_BYTES, baseDistance: null, baseId };
  }
  if (kind === OFFSET_DELTA) {
    const { distance, end } = readDistance(bytes, at);
    return { type: null, sizeBytes, dataAt: end, baseDistance: distance, baseId: null };
  }
  const type = TYPES[kind];
  if (type === undefined)
    throw new GitError("corrupt", `a pack of the repository holds an entry of unknown type ${kind}`);
  return { type, sizeBytes, dataAt: at, baseDistance: null, baseId: null };
}

// Each further byte adds one before it shifts, so that no distance can be written in two ways.
function readDistance(bytes: Buffer, start: number): { distance: number; end: number } {
  let at = start;
  let byte = byteAt(bytes, at++);
  let distance = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    if (at - start > SIZE_MAX_BYTES) throw cutOff();
    byte = byteAt(bytes, at++);
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  return { distance, end: at };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw cutOff();
  return byte;
}

function cutOff(): GitError {
  return new GitError("corrupt", "a pack of the repository ends inside an entry");
}
