/** Git's framing of messages: four hex digits of length, then the data; three short ones with a meaning of their own. */
import { GitError } from "./git-error.ts";

/** One frame. `flush` ends a message, `delimiter` a section. */
export type Packet =
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "flush" | "delimiter" | "end" };

const LENGTH_DIGITS = 4;
const SPECIAL: Readonly<Record<number, "flush" | "delimiter" | "end">> = { 0: "flush", 1: "delimiter", 2: "end" };

export const FLUSH = "0000";
export const DELIMITER = "0001";

/** One line as a frame. */
export function packetText(line: string): string {
  return `${(Buffer.byteLength(line) + LENGTH_DIGITS).toString(16).padStart(LENGTH_DIGITS, "0")}${line}`;
}

/** All frames of an answer. Throws `truncated` where it ends inside of one, `corrupt` where it is none. */
export function* parsePackets(bytes: Buffer): Generator<Packet> {
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString("latin1", at, at + LENGTH_DIGITS);
    if (digits.length < LENGTH_DIGITS) throw truncated();
    if (!/^[0-9a-f]{4}$/i.test(digits))
      throw new GitError("corrupt", "the answer of the server is not framed as git does");
    const length = Number.parseInt(digits, 16);
    const special = SPECIAL[length];
    if (special !== undefined) {
      yield { kind: special };
      at += LENGTH_DIGITS;
      continue;
    }
    if (length < LENGTH_DIGITS) throw new GitError("corrupt", "the answer of the server has a frame of no length");
    if (at + length > bytes.length) throw truncated();
    yield { kind: "data", bytes: bytes.subarray(at + LENGTH_DIGITS, at + length) };
    at += length;
  }
}

/** The text of a frame without its line end. */
export function lineOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

export function truncated(): GitError {
  return new GitError("truncated", "the answer of the server is cut off", { hint: "It is asked again by itself." });
}
