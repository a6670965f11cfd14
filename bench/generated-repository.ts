/** A bare git repository that holds a made-up fleet, and commits on top of it, made without a working copy. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { runCommand } from "#sandbox/run-command.ts";
import { fleetFiles, type GeneratedFile } from "./generated-fleet.ts";
import type { FleetSize } from "./sizes.ts";

/** Branch `main` of a bare repository. */
export interface GeneratedRepository {
  readonly path: string;
  /** Replaces or adds files (null removes one) in one commit and gives its id. */
  commit(files: Readonly<Record<string, string | null>>): Promise<string>;
}

const BRANCH = "refs/heads/main";
const AUTHOR = "gitfleet bench <bench@gitfleet.invalid>";
const BEGAN_S = 1_776_880_000;

/** Makes the repository in `path`, which must not exist, packed as a forge would have it. */
export async function createGeneratedRepository(path: string, size: FleetSize): Promise<GeneratedRepository> {
  await runCommand("git", ["init", "--quiet", "--bare", "--initial-branch=main", path]);
  await runCommand("git", ["config", "http.receivepack", "true"], { cwd: path });
  await runCommand("git", ["config", "uploadpack.allowAnySHA1InWant", "true"], { cwd: path });
  let commits = 0;
  const commit = async (files: Iterable<GeneratedFile | { path: string; text: null }>): Promise<string> => {
    commits += 1;
    await fastImport(path, files, { atS: BEGAN_S + commits, first: commits === 1 });
    return (await runCommand("git", ["rev-parse", BRANCH], { cwd: path })).stdout.trim();
  };
  await commit(fleetFiles(size));
  await runCommand("git", ["repack", "-adq"], { cwd: path });
  return {
    path,
    commit: async (files) => await commit(Object.entries(files).map(([file, text]) => ({ path: file, text }))),
  };
}

async function fastImport(
  cwd: string,
  files: Iterable<GeneratedFile | { path: string; text: null }>,
  { atS, first }: { readonly atS: number; readonly first: boolean },
): Promise<void> {
  const importer = spawn("git", ["fast-import", "--quiet", "--date-format=raw"], {
    cwd,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(importer, "exit");
  const { stdin } = importer;
  const write = async (text: string): Promise<void> => {
    if (!stdin.write(text)) await once(stdin, "drain");
  };
  await write(`commit ${BRANCH}\ncommitter ${AUTHOR} ${atS} +0000\n${data("Change the fleet")}`);
  if (!first) await write(`from ${BRANCH}^0\n`);
  for (const { path, text } of files) {
    await write(text === null ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`);
  }
  await write("\n");
  stdin.end();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
