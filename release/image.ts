/**
 * `npm run image -- --tag NAME`: the container image, by podman or else docker, with every label filled in.
 * All words go on to the engine's `build`, so that `--build-arg SOURCE=https://…` or `--platform` can be said, too.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";

/** Who builds it. */
export type Engine = "podman" | "docker";

export interface ImageOptions {
  readonly engine: Engine;
  /** The checkout. */
  readonly root: string;
  /** The commit that it is built from. */
  readonly revision: string;
  /** When it counts as made, in seconds since 1970: the same sources give the same image. */
  readonly epochS: number;
  /** What else the engine is told. */
  readonly words: readonly string[];
}

/** The engine's command line. */
export function imageArguments({ engine, root, revision, epochS, words }: ImageOptions): string[] {
  const created = new Date(epochS * 1_000).toISOString().replace(/\.\d+Z$/, "Z");
  // Images in the format of the OCI have no place for a health check, which podman therefore would leave out.
  const own =
    engine === "podman" ? ["--format=docker", `--timestamp=${epochS}`] : [`--build-arg=SOURCE_DATE_EPOCH=${epochS}`];
  const labels = [`VERSION=${version}`, `REVISION=${revision}`, `CREATED=${created}`];
  return [
    "build",
    `--file=${join(root, "deploy/container/Containerfile")}`,
    ...labels.map((label) => `--build-arg=${label}`),
    ...own,
    ...words,
    root,
  ];
}

function main(): void {
  const engine = (["podman", "docker"] as const).find((name) => spawnSync(name, ["--version"]).status === 0);
  if (engine === undefined) {
    console.error("image: neither podman nor docker is here\n  Next: install one of them, then try again.");
    process.exitCode = 3;
    return;
  }
  const root = packageRoot();
  const revision = git(root, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*") ?? "unknown";
  const epochS = Number(process.env["SOURCE_DATE_EPOCH"] ?? git(root, "log", "-1", "--format=%ct") ?? 0);
  if (!Number.isSafeInteger(epochS)) {
    console.error("image: SOURCE_DATE_EPOCH is not a number of seconds since 1970");
    process.exitCode = 2;
    return;
  }
  const args = imageArguments({ engine, root, revision, epochS, words: process.argv.slice(2) });
  process.exitCode = spawnSync(engine, args, { stdio: "inherit" }).status ?? 3;
}

/** What git says of the checkout; null where it is none. */
function git(root: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

if (import.meta.main) main();
