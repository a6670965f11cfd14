/** Prometheus' own judge of rules and metrics, as the set-up brought it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { repositoryRoot } from "#tests/repository/files.ts";

const LIMIT_MS = 60_000;

/** Runs promtool; gives its exit code and all that it printed. */
export async function promtool(args: readonly string[], input = ""): Promise<{ code: number | null; output: string }> {
  const child = spawn(program(), [...args], { stdio: ["pipe", "pipe", "pipe"], timeout: LIMIT_MS });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => parts.push(part));
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: Buffer.concat(parts).toString() };
}

function program(): string {
  const brought = join(repositoryRoot, "node_modules/.cache/gitfleet/promtool");
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = [...folders.map((folder) => join(folder, "promtool")), brought].find((path) => existsSync(path));
  if (found === undefined) throw new Error("promtool is missing: run `node bin/setup.mjs --for test`");
  return found;
}
