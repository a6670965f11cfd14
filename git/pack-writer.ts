/** Objects as one pack without deltas: what a push carries. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { ObjectType } from "./objects.ts";
import type { GitObject } from "./write-objects.ts";

const TYPE_BITS = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

/** The bytes of a pack (version 2) that holds each of these objects once. Yields after each of them. */
export function* packOf(objects: Iterable<GitObject>): Generator<void, Buffer> {
  const once = new Map([...objects].map((object) => [object.id, object]));
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(once.size, 8);
  const parts: Buffer[] = [header];
  for (const { kind, bytes } of once.values()) {
    parts.push(entryHeader(kind, bytes.length), deflateSync(bytes));
    yield;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, Buffer.from(hash("sha1", body), "hex")]);
}

/** What stands before the zlib stream of an object: its type and size. */
export function entryHeader(type: ObjectType, sizeBytes: number): Buffer {
  // 4 bits of the size in the first byte, then 7 a byte, the lowest first.
  const out: number[] = [];
  let rest = Math.floor(sizeBytes / 16);
  let byte = (TYPE_BITS[type] << 4) | (sizeBytes % 16);
  while (rest > 0) {
    out.push(byte | 0x80);
    byte = rest % 128;
    rest = Math.floor(rest / 128);
  }
  out.push(byte);
  return Buffer.from(out);
}
