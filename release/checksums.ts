/** SHA256SUMS, as `sha256sum --check` reads it. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export const CHECKSUMS_FILE = "SHA256SUMS";

/** Writes the checksums of all other files of a folder into it; gives them by name. */
export async function writeChecksums(folder: string): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (const name of readdirSync(folder).toSorted())
    if (name !== CHECKSUMS_FILE) sums.set(name, await sha256(join(folder, name)));
  writeFileSync(join(folder, CHECKSUMS_FILE), [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join(""));
  return sums;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
