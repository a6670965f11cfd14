/** Reads the refs of a bare repository from its files: they are asked for at every turn, and a process each time is slow. */
import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** Full ref name → sha, in order of name; loose refs win over packed ones. `prefix` is a name or a folder with its slash. */
export async function readRefs(gitPath: string, prefix: string): Promise<Map<string, string>> {
  const packed = await packedRefs(gitPath);
  const loose = await looseRefs(gitPath);
  const all = [...new Map([...packed, ...loose])].filter(([name]) => name.startsWith(prefix));
  return new Map(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function looseRefs(gitPath: string): Promise<[string, string][]> {
  const entries = await readdir(join(gitPath, "refs"), { recursive: true, withFileTypes: true });
  const found = await Promise.all(entries.filter(isRefFile).map((entry) => looseRef(gitPath, entry)));
  return found.filter((ref) => ref !== null);
}

/** Git writes a ref beside its place and renames it; one that is being deleted is no ref. */
async function looseRef(gitPath: string, entry: Dirent): Promise<[string, string] | null> {
  const path = join(entry.parentPath, entry.name);
  const text = await textOrNothing(path);
  const sha = text.trim();
  return /^[0-9a-f]{40}$/.test(sha) ? [relative(gitPath, path).split(sep).join("/"), sha] : null;
}

function isRefFile(entry: Dirent): boolean {
  return entry.isFile() && !entry.name.endsWith(".lock");
}

async function packedRefs(gitPath: string): Promise<[string, string][]> {
  const lines = (await textOrNothing(join(gitPath, "packed-refs"))).split("\n");
  return lines.filter((line) => /^[0-9a-f]{40} /.test(line)).map((line) => [line.slice(41), line.slice(0, 40)]);
}

async function textOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
