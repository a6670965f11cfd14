/** Git objects as they are stored: an id, a type and bytes. */
import { hash } from "node:crypto";

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
  /** The object's size in bytes without unpacking it, null where there is no such object. */
  sizeOf(id: ObjectId): number | null;
}

/** No object may be larger, as on the forges; what gitfleet reads is far smaller. */
export const OBJECT_MAX_BYTES = 100 * 1_048_576;

const OBJECT_ID = /^[0-9a-f]{40}$/;

export function isObjectId(text: string): boolean {
  return OBJECT_ID.test(text);
}

/** The id that git gives to these bytes: equal ids mean equal bytes. */
export function objectIdOf(type: ObjectType, bytes: Uint8Array): ObjectId {
  const header = Buffer.from(`${type} ${bytes.length}\0`, "latin1");
  return hash("sha1", Buffer.concat([header, bytes]), "hex");
}
