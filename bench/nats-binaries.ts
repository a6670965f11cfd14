/** The nats-servers that rows are measured on: that of the set-up, and a newer one where it can be had. */
import { findNatsServer } from "#sandbox/find-nats-server.ts";
import { runCommand } from "#sandbox/run-command.ts";

/** A program, and the version it says it is. */
export interface NatsBinary {
  readonly path: string;
  readonly version: string;
}

/** Names another nats-server to measure on as well. */
const NEWER_VARIABLE = "GITFLEET_BENCH_NATS_SERVER";

/** At least one; throws with the command that installs it where there is none. */
export async function natsBinaries(): Promise<NatsBinary[]> {
  const newer = process.env[NEWER_VARIABLE] ?? "";
  const paths = [findNatsServer(), ...(newer === "" ? [] : [newer])];
  return await Promise.all(paths.map(async (path) => ({ path, version: await versionOf(path) })));
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await runCommand(path, ["--version"]);
  return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? "unknown";
}
