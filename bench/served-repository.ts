/** A made-up fleet behind http, and a place for what native git makes of it: what the rows about git read. */
import { join } from "node:path";
import { runCommand } from "#sandbox/run-command.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { forked } from "./forked.ts";
import { createGeneratedRepository, type GeneratedRepository } from "./generated-repository.ts";
import type { RowContext } from "./row.ts";
import type { FleetSize } from "./sizes.ts";

export interface ServedRepository extends GeneratedRepository {
  readonly url: string;
  /** An empty folder that is removed with the repository. */
  readonly scratch: string;
}

const GIT_LIMIT_MS = 600_000;
/** Nothing of this machine's settings; no housekeeping in the middle of a measurement. */
const GIT_ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: "gc.auto",
  GIT_CONFIG_VALUE_0: "0",
  GIT_CONFIG_KEY_1: "maintenance.auto",
  GIT_CONFIG_VALUE_1: "false",
};

/** Makes and serves a fleet of a size; both go with the row. */
export async function servedRepository(size: FleetSize, { undo, say }: RowContext): Promise<ServedRepository> {
  const folder = scratchFolder("bench-git");
  undo.add(folder.path, () => folder.remove());
  say(`making the repository of size ${size.name}`);
  const repository = await createGeneratedRepository(join(folder.path, "fleet.git"), size);
  const url = await startServer(folder.path, undo);
  return { ...repository, url: `${url}/fleet.git`, scratch: folder.path };
}

/** Serves the bare repositories below a folder from a process of their own; gives the address. */
export async function startServer(root: string, undo: RowContext["undo"]): Promise<string> {
  const server = forked("git-server-process.ts", [root]);
  undo.add("the git server", async () => await server.stop());
  return (await server.said()) as string;
}

/** Runs native git to its end, as whoever works without gitfleet would. */
export async function nativeGit(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await runCommand("git", args, { cwd, env: GIT_ENVIRONMENT, limitMs: GIT_LIMIT_MS });
  return stdout;
}
