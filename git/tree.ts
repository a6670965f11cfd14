/** Tree objects: one folder of a commit. One strange entry is that entry's problem, not the whole folder's. */
import { GitError } from "./git-error.ts";
import type { ObjectId } from "./objects.ts";

/** One name in a folder. */
export interface TreeEntry {
  /** Bytes that are not UTF-8 show as U+FFFD. */
  readonly name: string;
  readonly kind: "folder" | "file" | "symlink" | "submodule" | "other";
  readonly id: ObjectId;
  /** Why the name cannot be used, or null. */
  readonly invalid: string | null;
}

const ID_BYTES = 20;
const SPACE = 0x20;
const TYPE_BITS = 0o170000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The entries of a tree object in their order, one at a time. Throws `corrupt` where the object itself is cut. */
export function* parseTree(bytes: Buffer): Generator<TreeEntry> {
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const nul = bytes.indexOf(0, at);
    if (space < 0 || nul < space || nul + ID_BYTES >= bytes.length) throw corruptTree();
    const mode = Number.parseInt(bytes.toString("latin1", at, space), 8);
    const end = nul + 1 + ID_BYTES;
    const { name, invalid } = nameOf(bytes.subarray(space + 1, nul));
    yield { name, kind: kindOf(mode), id: bytes.toString("hex", nul + 1, end), invalid };
    at = end;
  }
}

function kindOf(mode: number): TreeEntry["kind"] {
  switch (mode & TYPE_BITS) {
    case 0o040000:
      return "folder";
    case 0o100000:
      return "file";
    case 0o120000:
      return "symlink";
    case 0o160000:
      return "submodule";
    default:
      return "other";
  }
}

/** Names that need no decoding. */
const PLAIN = /^[\x20-\x7e]*$/;

function nameOf(bytes: Buffer): { name: string; invalid: string | null } {
  const plain = bytes.toString("latin1");
  if (PLAIN.test(plain)) return { name: plain, invalid: invalidName(plain) };
  try {
    const name = utf8.decode(bytes);
    return { name, invalid: invalidName(name) };
  } catch {
    return { name: bytes.toString("utf8"), invalid: "its name is not UTF-8" };
  }
}

function invalidName(name: string): string | null {
  if (name === "" || name === "." || name === ".." || name.toLowerCase() === ".git") return "its name is not allowed";
  if (name.includes("/")) return "its name holds a slash";
  return null;
}

function corruptTree(): GitError {
  return new GitError("corrupt", "a folder of the repository is damaged");
}
