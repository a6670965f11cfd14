/** The files of this repository as git sees them: tracked, or new and not ignored. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Absolute path of the repository. */
export const repositoryRoot: string = resolve(import.meta.dirname, "../..");

/** Paths relative to the root, with `/`. */
export function repositoryFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed.split("\0").filter((path) => path !== "" && existsSync(join(repositoryRoot, path)));
}
