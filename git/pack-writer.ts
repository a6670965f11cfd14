/** Objects as one pack without deltas: what a push carries. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { GitObject } from "./write-objects.ts";

const TYPE_BITS = { commit: 1, tree: 2, blob: 3 } as const;

/** The bytes of a pack (version 2) that holds each of these objects once. */
export function packOf(objects: Iterable<GitObject>): Buffer {
  const once = new Map([...objects].map((object) => [object.id, object]));
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(once.size, 8);
  const parts: Buffer[] = [header];
  for (const object of once.values()) parts.push(entryHeader(object), deflateSync(object.bytes));
  const body = Buffer.concat(parts);
  return Buffer.concat([body, Buffer.from(hash("sha1", body), "hex")]);
}

// Type and size: 4 bits of size in the first byte, then 7 a byte, the lowest first.
function entryHeader({ kind, bytes }: GitObject): Buffer {
  const out: number[] = [];
  let rest = Math.floor(bytes.length / 16);
  let byte = (TYPE_BITS[kind] << 4) | (bytes.length % 16);
  while (rest > 0) {
    out.push(byte | 0x80);
    byte = rest % 128;
    rest = Math.floor(rest / 128);
  }
  out.push(byte);
  return Buffer.from(out);
}
