/** Free space: where podman keeps images and volumes, and where the agent keeps what it must know. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText } from "#runtime/errors.ts";
import type { Check } from "./check.ts";

/** A place that fills up. */
export interface DiskPlace {
  /** `images and volumes`. */
  readonly what: string;
  readonly path: string;
  /** Below this it is about to fail. */
  readonly leastMb: number;
  /** Below this it is worth a look. */
  readonly goodMb: number;
  readonly todo: string;
}

const BYTES_PER_MB = 1_048_576;

/** One upgrade holds two images at once. */
export const IMAGES = {
  what: "images and volumes",
  leastMb: 256,
  goodMb: 1_024,
  todo: "free some: podman image prune --all, gitfleet agent volumes --prune, journalctl --vacuum-size=50M",
};

/** A record is small, and is written anew beside the old one. */
export const STATE = { what: "state", leastMb: 8, goodMb: 64, todo: "free some, or move it with --state-dir" };

export async function checkDisk({ what, path, leastMb, goodMb, todo }: DiskPlace): Promise<Check> {
  const name = "disk";
  try {
    const { bavail, bsize } = await statfs(await nearestFolder(path));
    const freeMb = Math.floor((bavail * bsize) / BYTES_PER_MB);
    const found = `${freeMb} MB free for ${what} (${path})`;
    if (freeMb >= goodMb) return { level: "ok", name, found };
    return { level: freeMb < leastMb ? "fail" : "warn", name, found, todo: [todo] };
  } catch (error) {
    return { level: "warn", name, found: `${path}: ${errorText(error)}`, todo: ["run this as the agent's user"] };
  }
}

// What is not there yet will be made on the disk of the folder above it.
async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const known = await statfs(at).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT" || at === "/") throw error;
        return false;
      },
    );
    if (known) return at;
  }
}
