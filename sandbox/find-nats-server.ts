/** Where nats-server is on this machine, or the command that brings it there. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where packages put the server although no ordinary PATH names it. */
const EXTRA_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** The path of `nats-server` on this machine, looked for on the PATH and then in `others`. Throws with the command that installs it. */
export function findNatsServer(others: readonly string[] = EXTRA_FOLDERS): string {
  const named = process.env["GITFLEET_NATS_SERVER"];
  if (named !== undefined && named !== "") return named;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...others];
  const found = folders.map((folder) => join(folder, "nats-server")).find(isExecutable);
  if (found !== undefined) return found;
  const install = process.platform === "darwin" ? "brew install nats-server" : "sudo apt-get install -y nats-server";
  throw new Error(`nats-server is not installed: run \`${install}\`, then try again`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
