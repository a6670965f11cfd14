/** The walls around one device: a mount, process and (where wanted) network namespace that die with this process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { runCommand, type Output, type RunOptions } from "./run-command.ts";

const READY_WITHIN_MS = 10_000;
const END_WITHIN_MS = 5_000;

/**
 * Runs as process 1 of the namespace. It ends when its standard input does, and the input ends when our process does,
 * however it dies: then the kernel ends everything else in the namespace and takes its mounts and links away.
 * The shell stays to collect orphaned processes.
 */
const SETUP = `set -e
folder=$1 syslog=$2 network=$3
[ "$network" = host ] || ip link set lo up
for name in containers netns runc crun; do mkdir -p /run/$name; mount -t tmpfs tmpfs /run/$name; done
if [ "$syslog" = yes ]; then
  mkdir -p "$folder/dev"; mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
  cp -a $(find /dev -mindepth 1 -maxdepth 1 ! -type d ! -type s) "$folder/dev/"
  for path in $(find /dev -mindepth 1 -maxdepth 1 -type d); do
    mkdir "$folder$path"; mount --rbind "$path" "$folder$path"
  done
  mount --move "$folder/dev" /dev
  busybox syslogd -O "$folder/syslog"
fi
echo ready
cat >/dev/null
exit 0`;

/** How the walls are built. */
export interface NamespaceOptions {
  /** An existing folder for the log and what has to be mounted. */
  readonly folder: string;
  readonly network: "own" | "host";
  /** True where the machine has no syslog: the DNS server of podman's networks ends without one. */
  readonly needsSyslog: boolean;
}

/** A running namespace. */
export interface DeviceNamespace {
  /** Of the process that holds it, as this process sees it. */
  readonly pid: number;
  /** The command that runs `command` within all of the namespace. */
  wrap(command: string, args: readonly string[]): [string, string[]];
  /** The command that runs `command` within its network alone: files and process ids stay the machine's. */
  wrapNetwork(command: string, args: readonly string[]): [string, string[]];
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Output>;
  /** Kills every process in it and waits until it is gone. */
  end(): Promise<void>;
}

/** Builds a namespace; needs root. */
export async function startNamespace({ folder, network, needsSyslog }: NamespaceOptions): Promise<DeviceNamespace> {
  const log = openSync(join(folder, "namespace.log"), "a");
  const kinds = ["--mount", "--pid", ...(network === "own" ? ["--net"] : [])];
  const holder = spawn(
    "unshare",
    [
      ...kinds,
      "--fork",
      "--kill-child",
      "--mount-proc",
      "sh",
      "-c",
      SETUP,
      "sh",
      folder,
      needsSyslog ? "yes" : "no",
      network,
    ],
    // A session of its own: Ctrl-C in a terminal is for us, and we end the device in our own order.
    { stdio: ["pipe", "pipe", log], detached: true },
  );
  closeSync(log);
  const closed = once(holder, "close");
  holder.stdin?.on("error", () => undefined);
  await ready(holder, folder);
  return namespaceOf(holder, closed, network);
}

async function ready(holder: ChildProcess, folder: string): Promise<void> {
  const said = (async () => {
    for await (const chunk of holder.stdout ?? []) if (String(chunk).includes("ready")) return true;
    return false;
  })();
  const limit = new Promise<boolean>((resolve) => setTimeout(resolve, READY_WITHIN_MS, false).unref());
  if (await Promise.race([said, limit])) return;
  holder.kill("SIGKILL");
  throw new Error(`the namespace of a device did not come up; see ${join(folder, "namespace.log")}`);
}

function namespaceOf(holder: ChildProcess, closed: Promise<unknown>, network: "own" | "host"): DeviceNamespace {
  const pid = holder.pid ?? 0;
  const net = network === "own" ? [`--net=/proc/${pid}/ns/net`] : [];
  const all = [`--mount=/proc/${pid}/ns/mnt`, `--pid=/proc/${pid}/ns/pid_for_children`, ...net];
  const wrap = (command: string, args: readonly string[]): [string, string[]] => [
    "nsenter",
    [...all, command, ...args],
  ];
  return {
    pid,
    wrap,
    wrapNetwork: (command, args) =>
      network === "own" ? ["nsenter", [...net, command, ...args]] : [command, [...args]],
    run: (command, args, options) => runCommand(...wrap(command, args), options),
    end: async () => {
      holder.stdin?.destroy();
      const late = setTimeout(() => holder.kill("SIGKILL"), END_WITHIN_MS);
      await closed;
      clearTimeout(late);
    },
  };
}
