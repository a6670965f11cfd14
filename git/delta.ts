/** Deltas of pack files: how to make one object out of another. */
import { GitError } from "./git-error.ts";
import { OBJECT_MAX_BYTES } from "./objects.ts";

/** The size of the object that a delta makes. Needs no more than the delta's first 20 bytes. */
export function deltaResultSize(delta: Uint8Array): number {
  const cursor = { at: 0 };
  readSize(delta, cursor);
  return readSize(delta, cursor);
}

/** The object that `delta` makes out of `base`. Throws `corrupt` for a delta that does not fit. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Buffer {
  const cursor = { at: 0 };
  if (readSize(delta, cursor) !== base.length) throw corrupt("its base has another size");
  const size = readSize(delta, cursor);
  if (size > OBJECT_MAX_BYTES) throw corrupt("its result is too large");
  const result = Buffer.allocUnsafe(size);
  let filled = 0;
  while (cursor.at < delta.length) {
    const opcode = byteAt(delta, cursor);
    if (opcode === 0) throw corrupt("it has an unknown instruction");
    const isCopy = (opcode & 0x80) !== 0;
    const from = isCopy ? readSparse(delta, cursor, opcode & 0x0f, 4) : cursor.at;
    const length = isCopy ? readSparse(delta, cursor, (opcode >> 4) & 0x07, 3) || 0x10000 : opcode;
    const source = isCopy ? base : delta;
    if (from + length > source.length) throw corrupt("it copies from beyond its base, or ends too early");
    if (filled + length > size) throw corrupt("it makes more than it announced");
    copyBytes(source, from, result, filled, length);
    filled += length;
    if (!isCopy) cursor.at += length;
  }
  if (filled !== size) throw corrupt("it makes less than it announced");
  return result;
}

interface Cursor {
  at: number;
}

/** Below this a loop is quicker than a call. */
const LOOP_BYTES = 24;

function copyBytes(source: Uint8Array, from: number, target: Buffer, to: number, length: number): void {
  if (length > LOOP_BYTES) target.set(source.subarray(from, from + length), to);
  else for (let index = 0; index < length; index += 1) target[to + index] = source[from + index] ?? 0;
}

function readSparse(delta: Uint8Array, cursor: Cursor, present: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index += 1) {
    if ((present & (1 << index)) !== 0) value += byteAt(delta, cursor) * 2 ** (8 * index);
  }
  return value;
}

function readSize(delta: Uint8Array, cursor: Cursor): number {
  let size = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = byteAt(delta, cursor);
    size += (byte & 0x7f) * factor;
    if ((byte & 0x80) === 0) return size;
    if (factor > 2 ** 42) throw corrupt("its size makes no sense");
  }
}

function byteAt(delta: Uint8Array, cursor: Cursor): number {
  const byte = delta[cursor.at];
  if (byte === undefined) throw corrupt("it ends too early");
  cursor.at += 1;
  return byte;
}

function corrupt(detail: string): GitError {
  return new GitError("corrupt", `a delta of the repository is damaged: ${detail}`);
}
