/** This machine: Node and git. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { atLeast, versionOf, type Check } from "./check.ts";

/** What compiled gitfleet runs on; a checkout brings its own. */
const NODE_LEAST = [22, 14];
/** The first with `git init --initial-branch`. */
const GIT_LEAST = [2, 28];
const RUN_LIMIT_MS = 10_000;

/** The version of Node that runs this. */
export function checkNode(version: string): Check {
  if (atLeast(versionOf(version) ?? [], NODE_LEAST)) return { level: "ok", name: "node", found: version };
  const todo = ["install a newer Node; in a checkout `npm run setup` brings one, and bin/gitfleet uses it"];
  return { level: "fail", name: "node", found: `${version}: gitfleet needs ${NODE_LEAST.join(".")}`, todo };
}

/** The git program: gitfleet reads repositories by itself, people need it to write them. */
export async function checkGit(): Promise<Check> {
  const text = await outputOf("git", ["--version"]);
  const name = "git";
  if (text === null) {
    const todo = ["install git (apt-get install git, brew install git) to commit to a fleet repository"];
    return { level: "warn", name, found: "not found; gitfleet itself reads repositories without it", todo };
  }
  const version = versionOf(text);
  if (version !== null && atLeast(version, GIT_LEAST)) return { level: "ok", name, found: version.join(".") };
  const todo = ["install git 2.28 or newer: `gitfleet init` needs `git init --initial-branch`"];
  return { level: "warn", name, found: text.trim(), todo };
}

/** What a program prints, or null where it is missing or fails. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: RUN_LIMIT_MS });
    return stdout;
  } catch {
    return null;
  }
}
