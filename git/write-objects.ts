/** Git objects made in memory: blobs, trees and commits, with the ids git gives them. */
import { hash } from "node:crypto";
import { Buffer } from "node:buffer";

/** One object; `bytes` is its content without git's header. */
export interface GitObject {
  readonly kind: "blob" | "tree" | "commit";
  /** SHA-1, lower-case hex. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** One line of a tree. `name` holds one character per byte (latin1), so that names of any encoding survive. */
export interface TreeLine {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/** Who made a commit, and when. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly atMs: number;
}

export const MODE_FILE = "100644";
export const MODE_FOLDER = "40000";

/** A file's content. */
export function blobObject(content: string | Uint8Array): GitObject {
  return objectOf("blob", Buffer.from(content));
}

/** A folder. Lines may come in any order; two of one name are a programmer's mistake and throw. */
export function treeObject(lines: readonly TreeLine[]): GitObject {
  const sorted = lines.toSorted((a, b) => compareNames(sortName(a), sortName(b)));
  if (new Set(sorted.map((line) => line.name)).size !== sorted.length) throw new TypeError("a tree names a path twice");
  const parts = sorted.map((line) =>
    Buffer.concat([Buffer.from(`${line.mode} ${line.name}\0`, "latin1"), Buffer.from(line.id, "hex")]),
  );
  return objectOf("tree", Buffer.concat(parts));
}

/** A commit in UTC. The message gets its final newline here. */
export function commitObject(commit: {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly message: string;
}): GitObject {
  const { name, email, atMs } = commit.author;
  const signature = `${identityText(name)} <${identityText(email)}> ${Math.floor(atMs / 1_000)} +0000`;
  const text = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${signature}`,
    `committer ${signature}`,
    "",
    `${commit.message.trimEnd()}\n`,
  ].join("\n");
  return objectOf("commit", Buffer.from(text, "utf8"));
}

/** The id git gives to these bytes. */
export function objectId(kind: GitObject["kind"], bytes: Uint8Array): string {
  return hash("sha1", Buffer.concat([Buffer.from(`${kind} ${bytes.length}\0`, "latin1"), bytes]));
}

function objectOf(kind: GitObject["kind"], bytes: Buffer): GitObject {
  return { kind, id: objectId(kind, bytes), bytes };
}

// Git sorts folders as if their names ended in a slash.
function sortName(line: TreeLine): string {
  return line.mode === MODE_FOLDER ? `${line.name}/` : line.name;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// What git's own fsck refuses in a name or an address.
function identityText(text: string): string {
  return text.replaceAll(/[<>\n\0]/g, "");
}
