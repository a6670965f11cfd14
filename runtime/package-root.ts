/** Where gitfleet stands on this machine: a checkout, or what a release installed, where compiled code lies elsewhere. */
import { findPackageJSON } from "node:module";
import { dirname } from "node:path";

/** The folder with package.json, and beside it what programs read at run time. Not for the agent's bundle, which is one file. */
export function packageRoot(): string {
  const found = findPackageJSON(import.meta.url);
  if (found === undefined) throw new Error("gitfleet's package.json is missing: install it again");
  return dirname(found);
}
