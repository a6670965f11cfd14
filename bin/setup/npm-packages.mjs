/** The npm packages of the lock file, and the Node 24 that comes with them. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runWithProgress, SetupError } from "./progress.mjs";

const NODE_MAJOR = 24;
const ERROR_LINES = 12;

/** Runs `npm ci` where what is installed is not what package-lock.json asks for. */
export async function ensureNpmPackages(root) {
  const reason = staleness(root);
  if (reason === null) return;
  const options = ["--no-audit", "--no-fund"];
  let result = await runWithProgress(`npm packages (${reason})`, "npm", ["ci", ...options], { cwd: root });
  if (result.code !== 0 && result.lines.some((line) => line.includes("EUSAGE"))) {
    // npm calls a lock file out of step that lacks packages for other platforms, as it writes it itself where its
    // registry does not have them. Installing goes by the same lock file without minding that.
    const install = ["install", "--no-save", ...options];
    result = await runWithProgress("npm packages (by another way)", "npm", install, { cwd: root });
  }
  if (result.code !== 0) {
    throw new SetupError("the npm packages could not be installed. npm said:", [
      ...firstError(result.lines),
      `Mend what it names, then run \`npm ci\` in ${root}.`,
    ]);
  }
}

/** npm says what is wrong first and then explains at length. */
function firstError(lines) {
  const from = lines.findIndex((line) => line.startsWith("npm error"));
  return lines.slice(Math.max(0, from), Math.max(0, from) + ERROR_LINES);
}

/** Why the installed packages are not those of the lock file, or null. npm keeps a copy of what it installed. */
export function staleness(root) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (present === null) return "none are installed";
  for (const [path, { version, optional, dev, peer }] of Object.entries(wanted ?? {})) {
    if (path === "" || (optional && present[path] === undefined) || (peer && !dev && present[path] === undefined))
      continue;
    if (present[path]?.version !== version) return `${path.replace("node_modules/", "")} is not ${version}`;
  }
  return null;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null;
  }
}

/** Makes sure that node_modules/.bin/node is Node 24: its package fetches the program in an install script. */
export async function ensureNode24(root) {
  const program = join(root, "node_modules", "node", "bin", "node");
  // Asking a program for its version costs more than the rest of a set-up that has nothing to do.
  if (existsSync(program) && process.execPath === program) return;
  if (versionOf(program) === NODE_MAJOR) return;
  const rebuild = ["rebuild", "node", "--ignore-scripts=false", "--foreground-scripts"];
  const { lines } = await runWithProgress(`Node ${NODE_MAJOR}`, "npm", rebuild, { cwd: root });
  if (versionOf(program) !== NODE_MAJOR) {
    throw new SetupError(`node_modules/.bin/node is not Node ${NODE_MAJOR}. npm said:`, [
      ...firstError(lines),
      `Allow the install script of the package "node", then run \`rm -rf node_modules && npm ci\` in ${root}.`,
    ]);
  }
}

function versionOf(program) {
  if (!existsSync(program)) return null;
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return Number(/^v(\d+)\./.exec(stdout ?? "")?.[1] ?? NaN);
}
