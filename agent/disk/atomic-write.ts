/** Files that are whole or absent, whenever the power goes: written beside, flushed, renamed, the folder flushed. */
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** What a file is called until it is whole. */
export const UNFINISHED_SUFFIX = ".unfinished";
/** Records hold what their deployment was told, which may be nobody else's business. */
const MODE = 0o600;

/** Replaces a file. On an error the old one is still there. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const unfinished = `${path}${UNFINISHED_SUFFIX}`;
  const file = await open(unfinished, "w", MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await file.close();
    // A full disk: the half of a file must not keep it full.
    await rm(unfinished, { force: true });
    throw error;
  }
  await file.close();
  await rename(unfinished, path);
  await flushFolder(dirname(path));
}

/** Deletes a file so that it stays deleted. */
export async function deleteDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await flushFolder(dirname(path));
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
