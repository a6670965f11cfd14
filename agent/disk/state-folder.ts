/** The agent's own folder, of one device id: a record for each deployment, and the list of images that it pulled. */
import { access, constants, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { podmanPrefix } from "../core/names.ts";
import { UNFINISHED_SUFFIX, deleteDurably, writeAtomically } from "./atomic-write.ts";
import { makeFolder } from "./make-folder.ts";

/** A value is at most 64 KiB; its record repeats it as a JSON string and adds little. */
export const RECORD_MAX_BYTES = 512 * 1_024;
/** More deployments than any device has; what is beyond is not read. */
export const RECORDS_MAX = 1_000;

const OWNER_ONLY = 0o700;
const RECORDS = "deployments";
const IMAGES = "images.json";
const RECORD_SUFFIX = ".json";

/** Reads and writes; every write is whole and flushed. */
export interface StateFolder {
  /** The texts of all records that can be read. */
  records(): Promise<string[]>;
  saveRecord(deployment: DeploymentName, text: string): Promise<void>;
  deleteRecord(deployment: DeploymentName): Promise<void>;
  /** `[]` where there is no list. */
  images(): Promise<string>;
  saveImages(text: string): Promise<void>;
}

/** Opens the folder, making it where it is missing. Rejects with the system's error where that cannot be. */
export async function openStateFolder(given: string, device: DeviceId): Promise<StateFolder> {
  // Two agents that share a folder must not overwrite what the other one needs after a power cut.
  const path = join(given, device);
  const records = join(path, RECORDS);
  await makeFolder(records, OWNER_ONLY);
  // A disk that has become read-only still says what is to run; a folder of somebody else's is a mistake.
  await access(records, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EROFS") throw error;
  });
  const recordPath = (deployment: DeploymentName): string =>
    join(records, `${podmanPrefix(deployment)}${RECORD_SUFFIX}`);
  return {
    records: async () => await readRecords(records),
    saveRecord: async (deployment, text) => await writeAtomically(recordPath(deployment), text),
    deleteRecord: async (deployment) => await deleteDurably(recordPath(deployment)),
    images: async () => await readFile(join(path, IMAGES), "utf8").catch(() => "[]"),
    saveImages: async (text) => await writeAtomically(join(path, IMAGES), text),
  };
}

async function readRecords(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).toSorted();
  const unfinished = names.filter((name) => name.endsWith(UNFINISHED_SUFFIX));
  // On a disk that has become read-only they stay; they are not read.
  await Promise.allSettled(unfinished.map((name) => rm(join(folder, name), { force: true })));
  const texts: string[] = [];
  for (const name of names.filter((each) => each.endsWith(RECORD_SUFFIX)).slice(0, RECORDS_MAX)) {
    const path = join(folder, name);
    // One file that cannot be read must not keep the others from coming back.
    const text = await stat(path)
      .then(
        (file) => (file.size <= RECORD_MAX_BYTES ? readFile(path, "utf8") : null),
        () => null,
      )
      .catch(() => null);
    if (text !== null) texts.push(text);
  }
  return texts;
}
