/**
 * `npm run build`: gitfleet as compiled JavaScript in out/build, which runs on Node 22.14 and newer with nothing beside it.
 *
 *   out/build/
 *     bin/gitfleet              starts it: `node out/build/bin/gitfleet --version`, or as a program with node on the path
 *     dist/                     the compiled code, a module for each command and what they share
 *     fleet-repo-template/      what `gitfleet init` copies
 *     package.json              name, version, bin; no dependencies
 *     LICENSE, README.md, THIRD-PARTY-NOTICES.txt
 *
 * The npm package and the container image are made of this folder as it is. It may lie anywhere, read-only.
 */
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { bundleCommandLine } from "./bundle.ts";
import { releaseManifest } from "./manifest.ts";
import { noticesText } from "./notices.ts";
import { shippedPackages, type Shipped } from "./shipped.ts";

/** Makes the folder anew; gives the packages of others that are in it. */
export async function buildPackage(root: string, out: string): Promise<Shipped[]> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "bin"), { recursive: true });
  const shipped = shippedPackages(root, await bundleCommandLine({ root, out: join(out, "dist") }));
  cpSync(join(root, "release/gitfleet.cjs"), join(out, "bin/gitfleet"));
  chmodSync(join(out, "bin/gitfleet"), 0o755);
  cpSync(join(root, "fleet-repo-template"), join(out, "fleet-repo-template"), { recursive: true });
  cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
  cpSync(join(root, "release/package-readme.md"), join(out, "README.md"));
  writeFileSync(join(out, "package.json"), `${JSON.stringify(releaseManifest(root), null, 2)}\n`);
  writeFileSync(join(out, "THIRD-PARTY-NOTICES.txt"), noticesText(root, shipped));
  return shipped;
}

if (import.meta.main) await buildPackage(packageRoot(), join(packageRoot(), "out/build"));
