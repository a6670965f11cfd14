/** The machine and the versions that figures were taken with. */
import { arch, cpus, release, totalmem } from "node:os";
import { runCommand } from "#sandbox/run-command.ts";
import { natsBinaries } from "./nats-binaries.ts";

/** One line each, name and value. */
export async function machineFacts(): Promise<[name: string, value: string][]> {
  const processors = cpus();
  const servers = await natsBinaries();
  return [
    ["processor", `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"} (${arch()})`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GB`],
    ["kernel", `${process.platform} ${release()}`],
    ["node", process.version],
    ["git", await versionOf("git")],
    ["podman", await versionOf("podman")],
    ["nats-server", servers.map(({ version }) => version).join(", ")],
  ];
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await runCommand(program, ["--version"]);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "unknown";
}
