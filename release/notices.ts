/** The licences of what is bundled, which ask to be handed on with it. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Shipped } from "./shipped.ts";

const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** One text for people and lawyers. */
export function noticesText(root: string, shipped: readonly Shipped[]): string {
  const parts = shipped.map(({ name, version, license, folder }) => {
    const texts = licenseFiles(join(root, folder)).map((path) => readFileSync(path, "utf8").trim());
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  return `gitfleet holds parts of these packages.\n\n${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function licenseFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => LICENSE_FILE.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}
