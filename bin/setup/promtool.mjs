/** Prometheus' promtool, for tests: alert rules and the text of /metrics are judged by the program that will read them. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { runWithProgress, SetupError } from "./progress.mjs";
import { updatePackageLists } from "./system-packages.mjs";

const PACKAGE = "prometheus";

/** Where promtool lies when this set-up brought it. */
export function promtoolPath(root) {
  return join(root, "node_modules", ".cache", "gitfleet", "promtool");
}

/**
 * Makes promtool available where the machine has none. Debian's package would also start a server on port 9090: so it
 * is fetched and unpacked, not installed, which needs no rights either.
 */
export async function ensurePromtool(root) {
  if (isOnPath() || existsSync(promtoolPath(root))) return;
  if (!runs("apt-get", "--version") || !runs("dpkg-deb", "--version")) throw missing([]);
  const cache = dirname(promtoolPath(root));
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "promtool-"));
  try {
    await unpack(folder, promtoolPath(root));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function unpack(folder, target) {
  const fetch = () => runWithProgress("promtool", "apt-get", ["download", PACKAGE], { cwd: folder });
  let fetched = await fetch();
  // The lists may be older than what the mirror has, or not there at all.
  if (fetched.code !== 0 && (await updatePackageLists())) fetched = await fetch();
  const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (fetched.code !== 0 || archive === undefined) throw missing(fetched.tail);
  const opened = await runWithProgress("unpack promtool", "dpkg-deb", ["-x", archive, "."], { cwd: folder });
  const program = join(folder, "usr", "bin", "promtool");
  if (opened.code !== 0 || !existsSync(program)) throw missing(opened.tail);
  // Whoever looks sees all of it or nothing.
  const whole = join(folder, "promtool");
  copyFileSync(program, whole);
  renameSync(whole, target);
}

function isOnPath() {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "promtool")));
}

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}

function missing(tail) {
  return new SetupError("promtool is missing, and this set-up cannot bring it.", [
    ...tail,
    "Refresh the package lists (`apt-get update`), or install Prometheus' promtool so that it is on the PATH",
    "(brew install prometheus, or https://prometheus.io/download), then try again.",
  ]);
}
