/** A single executable: Node with the agent's bundle inside, for devices that have no Node and need none. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AGENT_NODE_FLAGS } from "./agent-flags.ts";

/** By this Node finds that there is something inside it. It stands in Node's own documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const RESOURCE = "NODE_SEA_BLOB";

/** What goes into one. */
export interface ExecutableOptions {
  /** The agent's bundle. */
  readonly bundle: string;
  /** Node for the machine that it is for. */
  readonly node: string;
  readonly out: string;
}

/** Writes an executable. Equal parts give equal bytes. */
export function makeExecutable({ bundle, node, out }: ExecutableOptions): void {
  const scratch = mkdtempSync(join(tmpdir(), "gitfleet-executable-"));
  try {
    const blob = makeBlob(bundle, scratch);
    copyFileSync(node, out);
    chmodSync(out, 0o755);
    execFileSync(process.execPath, [injector(), out, RESOURCE, blob, "--sentinel-fuse", FUSE], { stdio: "pipe" });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

// The names of the files go into the blob: they are given without the folder, which is never the same.
function makeBlob(bundle: string, scratch: string): string {
  copyFileSync(bundle, join(scratch, "agent.cjs"));
  const settings = {
    main: "agent.cjs",
    output: "agent.blob",
    disableExperimentalSEAWarning: true,
    // Compiled code would differ from run to run, and from machine to machine.
    useCodeCache: false,
    execArgv: AGENT_NODE_FLAGS,
    execArgvExtension: "none",
  };
  writeFileSync(join(scratch, "sea.json"), JSON.stringify(settings));
  execFileSync(process.execPath, ["--experimental-sea-config", "sea.json"], { cwd: scratch, stdio: "pipe" });
  return join(scratch, settings.output);
}

// It has a command of its own and no types: it is run as a program, and gives back the gigabyte that it takes.
function injector(): string {
  return join(dirname(createRequire(import.meta.url).resolve("postject")), "cli.js");
}
