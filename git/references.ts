/** Branches and tags of a local repository: loose files, and the packed list. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isObjectId, type ObjectId } from "./objects.ts";
import type { LocalLayout } from "./local-layout.ts";

const SYMBOLIC_DEPTH_MAX = 5;
/** Names of references come from users: nothing that could leave the folder. */
const SAFE_NAME = /^(?!\/)(?!.*(?:\.\.|\/\/|\\|\0))[^~^:?*[ ]+$/u;

/** The commit or tag that a full name (`refs/heads/main`, `HEAD`) points at, or null. */
export function readReference(layout: LocalLayout, name: string, depth = 0): ObjectId | null {
  if (!SAFE_NAME.test(name) || depth > SYMBOLIC_DEPTH_MAX) return null;
  const text = looseReference(layout, name);
  if (text === null) return packedReferences(layout).get(name) ?? null;
  const target = /^ref: (.+)$/.exec(text)?.[1];
  if (target !== undefined) return readReference(layout, target.trim(), depth + 1);
  return isObjectId(text) ? text : null;
}

function looseReference({ gitFolder, commonFolder }: LocalLayout, name: string): string | null {
  for (const folder of [gitFolder, commonFolder]) {
    try {
      return readFileSync(join(folder, name), "utf8").trim();
    } catch {
      // Not a file here: it may be packed, or not exist.
    }
  }
  return null;
}

/** True where there is any branch at all. */
export function hasBranches(layout: LocalLayout): boolean {
  const packed = [...packedReferences(layout).keys()].some((name) => name.startsWith("refs/heads/"));
  return packed || readReference(layout, "HEAD") !== null;
}

function packedReferences({ commonFolder }: LocalLayout): Map<string, ObjectId> {
  const path = join(commonFolder, "packed-refs");
  const references = new Map<string, ObjectId>();
  if (!existsSync(path)) return references;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [id = "", name = ""] = line.split(" ");
    if (isObjectId(id) && name !== "") references.set(name, id);
  }
  return references;
}
