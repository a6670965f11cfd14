/** Makes a folder and those above it. Node's own way never ends where a file system (such as /proc) makes none. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Makes `path` where it is missing. Rejects with the system's error where that cannot be. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const full = resolve(path);
  const code = await made(full, mode);
  if (code !== "ENOENT") return;
  const parent = dirname(full);
  if (await isFolder(parent)) throw Object.assign(new Error(`cannot make the folder ${full}`), { code });
  await makeFolder(parent, mode);
  await mkdir(full, { mode });
}

/** Null when it is there now; `ENOENT` when what is above it is missing, or takes no folders. */
async function made(path: string, mode: number): Promise<"ENOENT" | null> {
  try {
    await mkdir(path, { mode });
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return code;
    if (code === "EEXIST" && (await isFolder(path))) return null;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
