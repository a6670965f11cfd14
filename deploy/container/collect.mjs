/**
 * Lays out the root of the image in a folder: node with the libraries that it has loaded, and gitfleet as it was built.
 * Plain JavaScript: `node deploy/container/collect.mjs FOLDER`, in the build stage of the Containerfile.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** node and its libraries, by the very paths under which it has loaded them. */
export function placeNode(folder) {
  place(process.execPath, join(folder, "usr/local/bin/node"));
  // One of them, the kernel's own, is no file.
  const libraries = process.report.getReport().sharedObjects.filter((path) => existsSync(path));
  for (const library of libraries) place(library, join(folder, library));
  // Names are looked up in the files that the container is given, then by DNS.
  mkdirSync(join(folder, "etc"), { recursive: true });
  writeFileSync(join(folder, "etc/nsswitch.conf"), "hosts: files dns\n");
}

/** Copies what a link leads to, not the link. */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  placeNode(folder);
  cpSync(join(root, "out/build"), join(folder, "opt/gitfleet"), { recursive: true });
  copyFileSync(join(root, "deploy/container/health.mjs"), join(folder, "opt/gitfleet/health.mjs"));
}
