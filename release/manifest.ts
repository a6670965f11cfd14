/** The package.json of a release: what ours says of gitfleet, without what only a checkout needs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const KEPT = ["name", "version", "private", "description", "license", "bin"] as const;
const ENGINES = { node: ">=22.14" };

/** What others need is bundled, so there are no dependencies; `private` stays: nothing is published by mistake. */
export function releaseManifest(root: string): Record<string, unknown> {
  const ours = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  return { ...Object.fromEntries(KEPT.map((key) => [key, ours[key]])), engines: ENGINES };
}
