/**
 * Stands in for the node image that the Containerfile begins with, where no public registry is to be had: this machine's
 * node at the same place, and an npm whose `ci` puts down the packages of this checkout.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "#sandbox/run-command.ts";
import { repositoryRoot } from "#tests/repository/files.ts";

const NPM = `#!/usr/local/bin/node
const [command] = process.argv.slice(2);
if (command !== "ci") throw new Error("this npm only knows ci");
require("node:fs").cpSync("/packages/node_modules", "node_modules", { recursive: true });
`;

/** Makes it as a tar archive in the folder, for `podman import`; gives its path. */
export async function standInImage(folder: string): Promise<string> {
  const root = join(folder, "stand-in");
  mkdirSync(join(root, "tmp"), { recursive: true });
  // Plain JavaScript without types; a path that is not a literal keeps the compiler out of it.
  const collect: string = join(repositoryRoot, "deploy/container/collect.mjs");
  const { placeNode } = (await import(collect)) as { placeNode: (to: string) => void };
  placeNode(root);
  writeFileSync(join(root, "usr/local/bin/npm"), NPM, { mode: 0o755 });
  for (const path of neededPackages())
    cpSync(join(repositoryRoot, path), join(root, "packages", path), { recursive: true });
  const archive = join(folder, "stand-in.tar");
  await runCommand("tar", ["--create", "--file", archive, "--directory", root, "."]);
  return archive;
}

/** What is compiled into gitfleet, and the compiler: `node_modules/…`. Not Node itself, which the image has. */
function neededPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && (dev !== true || path.includes("esbuild")))
    .map(([path]) => path)
    .filter((path) => !/^node_modules\/node(?:-|$)/.test(path) && existsSync(join(repositoryRoot, path)));
}
