/** Git objects as they are stored: an id, a type and bytes. */
import { createHash, hash } from "node:crypto";

/** 40 lower-case hex digits. */
export type ObjectId = string;

export type ObjectType = "commit" | "tree" | "blob" | "tag";

export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

/** Where objects are found, whatever they are stored in. All may throw a GitError. */
export interface ObjectReader {
  /** Null where there is no such object. */
  read(id: ObjectId): GitObject | null;
  /** As `read`, except that of an object larger than `maxBytes` only the size is told, without unpacking it. */
  readUpTo(id: ObjectId, maxBytes: number): GitObject | Oversized | null;
  /** The same ids in the order in which reading them takes least; those that are not there come last. */
  inStoredOrder(ids: readonly ObjectId[]): readonly ObjectId[];
}

/** An object that was not unpacked. */
export interface Oversized {
  readonly type: null;
  readonly sizeBytes: number;
}

/** No object may be larger, as on the forges; what gitfleet reads is far smaller. */
export const OBJECT_MAX_BYTES = 100 * 1_048_576;

const OBJECT_ID = /^[0-9a-f]{40}$/;

export function isObjectId(text: string): boolean {
  return OBJECT_ID.test(text);
}

// Most objects are small: their header and bytes are put together here, not in a new buffer each.
const hashed = Buffer.allocUnsafeSlow(16_384);

/** The id that git gives to these bytes: equal ids mean equal bytes. */
export function objectIdOf(type: ObjectType, bytes: Uint8Array): ObjectId {
  const header = `${type} ${bytes.length}\0`;
  if (header.length + bytes.length > hashed.length) {
    return createHash("sha1").update(header, "latin1").update(bytes).digest("hex");
  }
  hashed.write(header, "latin1");
  hashed.set(bytes, header.length);
  return hash("sha1", hashed.subarray(0, header.length + bytes.length), "hex");
}
