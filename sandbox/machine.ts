/** What this machine lets podman do: who we are, which runtime, which limits, which kind of storage. Detected, never assumed. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";

const CAP_SYS_ADMIN = 21n;
const CAP_SYS_RESOURCE = 24n;
const OVERLAYFS_MAGIC = 0x79_4c_76_30;
const NETAVARK_FOLDERS = [
  "/usr/lib/podman",
  "/usr/libexec/podman",
  "/usr/local/lib/podman",
  "/usr/local/libexec/podman",
];
/** Where system programs live although an ordinary user's PATH leaves them out. */
const EXTRA_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];
/** More processes than any test needs, and below what podman lowers its own limit to. */
const PROCESSES_MAX = 20_000;

/** What a podman device has to know about the machine it is simulated on. */
export interface Machine {
  /** Root with namespaces: each device gets a mount and process namespace of its own. */
  readonly namespaces: boolean;
  readonly runtime: string | null;
  readonly netavark: boolean;
  /** Hard limits that a container's may not exceed; null where we may raise them. */
  readonly limits: { readonly files: number; readonly processes: number } | null;
  /** True where the processes that write to syslog find nobody there. */
  readonly needsSyslog: boolean;
}

/** Looks at this machine; a few reads of /proc, nothing is started. */
export function detectMachine(): Machine {
  return {
    namespaces: process.getuid?.() === 0 && hasCapability(CAP_SYS_ADMIN),
    runtime: chooseRuntime(),
    netavark: NETAVARK_FOLDERS.some((folder) => existsSync(join(folder, "netavark"))),
    limits: hasCapability(CAP_SYS_RESOURCE) ? null : hardLimits(),
    needsSyslog: !existsSync("/run/systemd/system"),
  };
}

/** `overlay`, or `vfs` for a folder on an overlay file system, which cannot carry another one. */
export function storageDriver(folder: string): "overlay" | "vfs" {
  return statfsSync(folder).type === OVERLAYFS_MAGIC ? "vfs" : "overlay";
}

/** The path of a program, also where an ordinary user's PATH does not lead to it. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

// Older crun releases cannot create containers on a machine that still has cgroup v1; runc can on both.
function chooseRuntime(): string | null {
  const wished = process.env["GITFLEET_SANDBOX_RUNTIME"];
  if (wished !== undefined && wished !== "") return wished;
  const proven = provenRuntime();
  if (proven !== null) return proven;
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const order = unified ? ["crun", "runc"] : ["runc", "crun"];
  return order.find((name) => findProgram(name) !== null) ?? null;
}

/** The runtime that the set-up found to work where the usual choice did not. */
function provenRuntime(): string | null {
  const record = join(packageRoot(), "node_modules", ".cache", "gitfleet", "podman.json");
  return (JSON.parse(readOrEmpty(record) || "{}") as { runtime?: string }).runtime ?? null;
}

function hasCapability(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readOrEmpty("/proc/self/status"))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

function hardLimits(): Machine["limits"] {
  const text = readOrEmpty("/proc/self/limits");
  const hard = (name: string): number => Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, "m").exec(text)?.[1] ?? NaN);
  const files = hard("Max open files");
  if (Number.isNaN(files)) return null;
  const processes = hard("Max processes");
  return { files, processes: Number.isNaN(processes) ? PROCESSES_MAX : Math.min(processes, PROCESSES_MAX) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
