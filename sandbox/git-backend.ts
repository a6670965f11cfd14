/** Where git's own HTTP backend is. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

let found: string | null = null;

/**
 * The path of `git-http-backend`. It is started by itself and not by `git http-backend`: whoever kills that one leaves
 * behind the process that does the work. And it is started when a request is there as a whole: it waits for the rest of
 * one in a loop, and for ever, even where its input ended.
 */
export function gitHttpBackend(): string {
  found ??= join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  return found;
}
