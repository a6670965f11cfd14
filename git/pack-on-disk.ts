/** Packs of a local repository: an index (version 2) beside each pack file. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { GitError } from "./git-error.ts";
import type { ObjectCache } from "./object-cache.ts";
import type { ObjectId } from "./objects.ts";
import { Pack, type PackIndex } from "./pack.ts";

const MAGIC = 0xff744f63;
const FANOUT_AT = 8;
const NAMES_AT = FANOUT_AT + 256 * 4;
const ID_BYTES = 20;
const TRAILER_BYTES = 20;
const STARTING_WITH_MAX = 8;

/** Opens `<base>.pack` through `<base>.idx`; `close` lets go of the file. Throws a system error where one is missing. */
export function openPackOnDisk(base: string, cache: ObjectCache): { pack: Pack; close(): void } {
  const bytes = readFileSync(`${base}.idx`);
  const fd = openSync(`${base}.pack`, "r");
  const { size } = fstatSync(fd);
  const index = new DiskIndex(bytes, base, size - TRAILER_BYTES);
  const pack = new Pack(index, (start, end) => readRange(fd, start, end), cache.forPack(size));
  return { pack, close: () => closeSync(fd) };
}

function readRange(fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

class DiskIndex implements PackIndex {
  readonly #bytes: Buffer;
  readonly #count: number;
  readonly #packEnd: number;
  #sortedOffsets: Float64Array | null = null;

  constructor(bytes: Buffer, name: string, packEnd: number) {
    if (bytes.length < NAMES_AT || bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(4) !== 2) {
      throw new GitError("unsupported", `${name}.idx is not a pack index of version 2`, {
        hint: "Run `git repack -ad`.",
      });
    }
    this.#bytes = bytes;
    this.#packEnd = packEnd;
    this.#count = bytes.readUInt32BE(NAMES_AT - 4);
    if (bytes.length < NAMES_AT + this.#count * (ID_BYTES + 8) + 2 * TRAILER_BYTES) {
      throw new GitError("corrupt", `${name}.idx is cut off`);
    }
  }

  find(id: ObjectId): number | null {
    const wanted = Buffer.from(id, "hex");
    const at = this.#firstNotBefore(wanted);
    return at < this.#count && this.#name(at).equals(wanted) ? this.#offset(at) : null;
  }

  endOf(offset: number): number {
    this.#sortedOffsets ??= Float64Array.from({ length: this.#count }, (_, at) => this.#offset(at)).toSorted();
    const offsets = this.#sortedOffsets;
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((offsets[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    // The last entry ends where the pack's own checksum begins.
    return offsets[low] ?? this.#packEnd;
  }

  startingWith(prefix: string): ObjectId[] {
    const found: ObjectId[] = [];
    const padded = Buffer.from(prefix.padEnd(ID_BYTES * 2, "0"), "hex");
    for (let at = this.#firstNotBefore(padded); at < this.#count && found.length < STARTING_WITH_MAX; at += 1) {
      const id = this.#name(at).toString("hex");
      if (!id.startsWith(prefix)) break;
      found.push(id);
    }
    return found;
  }

  #firstNotBefore(wanted: Buffer): number {
    const first = wanted[0] ?? 0;
    let low = first === 0 ? 0 : this.#bytes.readUInt32BE(FANOUT_AT + (first - 1) * 4);
    let high = this.#bytes.readUInt32BE(FANOUT_AT + first * 4);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#name(middle).compare(wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #name(at: number): Buffer {
    return this.#bytes.subarray(NAMES_AT + at * ID_BYTES, NAMES_AT + (at + 1) * ID_BYTES);
  }

  // Offsets come after names and checksums; beyond 2 GiB they stand in a second table of 8 bytes each.
  #offset(at: number): number {
    const offsetsAt = NAMES_AT + this.#count * (ID_BYTES + 4);
    const offset = this.#bytes.readUInt32BE(offsetsAt + at * 4);
    if (offset < 0x80000000) return offset;
    return Number(this.#bytes.readBigUInt64BE(offsetsAt + this.#count * 4 + (offset - 0x80000000) * 8));
  }
}
