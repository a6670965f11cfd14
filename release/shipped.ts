/** Which packages of others a bundle holds: what their licences and the bill of materials are about. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** A package of which something is in a bundle. */
export interface Shipped {
  readonly name: string;
  readonly version: string;
  /** As the package says, in SPDX. */
  readonly license: string;
  /** Its folder, relative to the checkout: its key in package-lock.json. */
  readonly folder: string;
}

/** Of one or more bundles, each package once, by name. */
export function shippedPackages(root: string, ...bundles: readonly Metafile[]): Shipped[] {
  const inputs = bundles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== null));
  return [...folders].toSorted().map((folder) => read(root, folder));
}

/** `node_modules/@nats-io/kv` of `node_modules/@nats-io/kv/lib/kv.js`; null where it is a file of our own. */
function packageFolder(input: string): string | null {
  return /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? null;
}

function read(root: string, folder: string): Shipped {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Shipped;
  if (typeof license !== "string") throw new Error(`${folder} does not say its licence in package.json`);
  return { name, version, license, folder };
}
