/** Proves once that podman runs a container on this machine, and remembers which runtime did it. */
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runWithProgress, SetupError } from "./progress.mjs";

const RUNTIMES = [undefined, "runc", "crun"];

/** Runs one container for each runtime until one works; nothing where that was proven for this podman before. */
export async function ensurePodmanRuns(root) {
  const record = join(root, "node_modules", ".cache", "gitfleet", "podman.json");
  const version = podmanVersion();
  if (read(record)?.version === version) return;
  const check = process.platform === "darwin" ? checkMachine : checkContainer;
  const runtime = await check(root);
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ version, runtime }));
}

// The place, size and date of the program stand for its version: asking it would cost more than all the rest.
function podmanVersion() {
  for (const folder of ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"]) {
    try {
      const path = realpathSync(join(folder, "podman"));
      const { size, mtimeMs } = statSync(path);
      return `${path} ${size} ${mtimeMs}`;
    } catch {
      // Not there.
    }
  }
  return "podman";
}

async function checkContainer(root) {
  const node = join(root, "node_modules", "node", "bin", "node");
  let tail = [];
  for (const runtime of RUNTIMES) {
    const env = { ...process.env, ...(runtime === undefined ? {} : { GITFLEET_SANDBOX_RUNTIME: runtime }) };
    const title = `podman runs a container${runtime === undefined ? "" : ` with ${runtime}`}`;
    const result = await runWithProgress(title, node, ["sandbox/podman-check.ts"], { cwd: root, env });
    if (result.code === 0) return runtime;
    tail = tail.length > 0 ? tail : result.tail;
  }
  throw new SetupError("podman is installed but cannot run a container here. It said:", [
    ...tail,
    "Mend what it names (`podman info` shows what podman found), then try again.",
  ]);
}

/** On macOS podman runs its containers in a virtual machine, which a person sets up once. */
async function checkMachine() {
  const { code } = await runWithProgress("podman answers", "podman", ["info"]);
  if (code === 0) return undefined;
  throw new SetupError("podman has no running virtual machine.", [
    "Run: podman machine init && podman machine start",
    "Then try again.",
  ]);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
