/** The time that a release bears: that of its commit, so that who makes it again gets the same bytes. */
import { execFileSync } from "node:child_process";

/** Seconds since 1970: SOURCE_DATE_EPOCH where it is given (https://reproducible-builds.org/specs/source-date-epoch/). */
export function sourceDateSeconds(root: string, env: NodeJS.ProcessEnv = process.env): number {
  const given = env["SOURCE_DATE_EPOCH"] ?? "";
  if (given === "") return commitSeconds(root);
  if (!/^\d+$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH is ${given}: give it as seconds since 1970`);
  return Number(given);
}

function commitSeconds(root: string): number {
  try {
    return Number(execFileSync("git", ["-C", root, "log", "-1", "--format=%ct"], { encoding: "utf8" }));
  } catch (cause) {
    throw new Error("a release bears the time of its commit, and this is no git checkout: give SOURCE_DATE_EPOCH", {
      cause,
    });
  }
}
