/** Digests of values, as they stand in headers and device states. */
import { hash } from "node:crypto";

/** `sha256:` and lower-case hex, of the bytes, or of a text as UTF-8. */
export function sha256Digest(bytes: Uint8Array | string): string {
  return `sha256:${hash("sha256", bytes)}`;
}
