/** Reads the folders of a commit in the form that changes are made in. */
import { GitError } from "./git-error.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import type { Folder, FolderLine } from "./folder.ts";
import { MODE_FOLDER } from "./write-objects.ts";

const ID_BYTES = 20;
const DEPTH_MAX = 16;

/** The folder of a tree. Folders below it are read where `looksInto` says so, by path with a slash at its end. */
export function readFolder(
  objects: ObjectReader,
  tree: ObjectId,
  looksInto: (path: string) => boolean,
  path = "",
): Folder {
  if (path.split("/").length > DEPTH_MAX) throw new GitError("too-large", `${path} lies too deep`);
  const object = objects.read(tree);
  if (object?.type !== "tree") throw new GitError("corrupt", `the repository does not hold the folder ${tree}`);
  const lines = new Map<string, FolderLine>();
  for (const { mode, name, id } of rawLines(object.bytes)) {
    const below = `${path}${Buffer.from(name, "latin1").toString("utf8")}/`;
    const isRead = mode === MODE_FOLDER && looksInto(below);
    lines.set(name, { mode, id, folder: isRead ? readFolder(objects, id, looksInto, below) : null });
  }
  return { id: tree, lines };
}

// Names stay bytes here: what others wrote must come out again as it was, whatever it is.
function* rawLines(bytes: Buffer): Generator<{ mode: string; name: string; id: ObjectId }> {
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const nul = bytes.indexOf(0, at);
    if (space < 0 || nul < space || nul + ID_BYTES >= bytes.length) {
      throw new GitError("corrupt", "a folder of the repository is damaged");
    }
    const mode = bytes.toString("latin1", at, space);
    const name = bytes.toString("latin1", space + 1, nul);
    yield { mode, name, id: bytes.toString("hex", nul + 1, nul + 1 + ID_BYTES) };
    at = nul + 1 + ID_BYTES;
  }
}
