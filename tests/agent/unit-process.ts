/** Runs what a unit says, with the rights and the file system that the unit gives: as near to systemd as one comes without it. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import type { DeviceRoot } from "./device-root.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const SYSTEM_CALLS = "/var/cache/gitfleet/system-calls";

/** The values of a unit's `[Service]`, in order. */
function valuesOf(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1] ?? "");
}

function valueOf(unit: string, key: string): string {
  const [value] = valuesOf(unit, key);
  if (value === undefined) throw new Error(`the unit has no ${key}=`);
  return value;
}

/** Starts the unit's program; the folder `podman` is /run/podman there. Its process id is the agent's own. */
export function startUnit(root: DeviceRoot, unit: string, podman: string, logFile: string): ChildProcess {
  const environment = valuesOf(unit, "Environment").map((line) => line.replaceAll("%C", "/var/cache"));
  const rights = [
    ...(valueOf(unit, "NoNewPrivileges") === "yes" ? ["--no-new-privs"] : []),
    "--inh-caps=-all",
    `--bounding-set=${boundingSet(valueOf(unit, "CapabilityBoundingSet"))}`,
  ];
  // -D: the agent stays our own child, and strace watches from beside it.
  const watched = ["strace", "-D", "-f", "-qq", "-c", "-o", SYSTEM_CALLS];
  const words = ["env", "-i", `PATH=${process.env["PATH"] ?? ""}`, ...environment, "setpriv", ...rights, ...watched];
  const program = valueOf(unit, "ExecStart").split(" ");
  const [command, args] = root.wrap([...words, ...program], fileSystemOf(unit, podman));
  const agent = spawn(command, args, { env: root.env, stdio: ["ignore", "ignore", "pipe"] });
  agent.stderr.pipe(createWriteStream(logFile, { flags: "a" }));
  return agent;
}

/** Of the system calls that a unit's program made until it ended: those that the unit's filter would have refused. */
export function refusedCalls(root: DeviceRoot, unit: string): string[] {
  const summary = root.read(SYSTEM_CALLS);
  const made = [...summary.matchAll(/^\s*[\d.]+\s+[\d.]+\s.*?(\w+)$/gm)].map((match) => match[1] ?? "");
  const calls = made.filter((name) => name !== "total");
  if (!calls.includes("execve")) throw new Error(`no system calls were counted:\n${summary}`);
  const allowed = allowedCalls(valuesOf(unit, "SystemCallFilter"));
  return calls.filter((name) => !allowed.has(name));
}

function boundingSet(capabilities: string): string {
  const names = capabilities.split(" ").map((name) => `+${name.replace(/^CAP_/, "").toLowerCase()}`);
  return ["-all", ...names].join(",");
}

/** A shell script: the folders that systemd makes are writable, /tmp is the agent's own, all else is read-only. */
function fileSystemOf(unit: string, podman: string): string {
  if (valueOf(unit, "ProtectSystem") !== "strict" || valueOf(unit, "PrivateTmp") !== "yes")
    throw new Error("the unit protects the file system in another way than this test knows");
  const own = [join("/var/lib", valueOf(unit, "StateDirectory")), join("/var/cache", valueOf(unit, "CacheDirectory"))];
  return [
    `umask ${valueOf(unit, "UMask")}`,
    `mkdir -p /run/podman && mount --bind '${podman}' /run/podman`,
    ...own.map((folder) => `mkdir -p ${folder} && mount --bind ${folder} ${folder}`),
    ...ownTmp(),
    ...["/run", "/etc", "/var/lib", "/var/cache", "/"].map((folder) => `mount -o remount,bind,ro ${folder}`),
  ].join("\n");
}

/** An empty /tmp. A device does not have its programs there; a checkout may be, and is then shown in its place. */
function ownTmp(): string[] {
  const mounted = "mount -t tmpfs own-tmp /tmp";
  if (!CHECKOUT.startsWith("/tmp/")) return [mounted];
  const aside = "/run/checkout";
  return [
    `mkdir -p ${aside} && mount --bind '${CHECKOUT}' ${aside}`,
    mounted,
    `mkdir -p '${CHECKOUT}' && mount --bind ${aside} '${CHECKOUT}'`,
  ];
}

function allowedCalls(filters: readonly string[]): Set<string> {
  const groups = systemCallGroups();
  const expand = (name: string): string[] => (name.startsWith("@") ? (groups.get(name) ?? []).flatMap(expand) : [name]);
  const allowed = new Set<string>();
  for (const filter of filters) {
    const names = filter.replace(/^~/, "").split(" ").flatMap(expand);
    for (const name of names)
      if (filter.startsWith("~")) allowed.delete(name);
      else allowed.add(name);
  }
  return allowed;
}

function systemCallGroups(): Map<string, string[]> {
  const text = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const groups = new Map<string, string[]>();
  let group: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("@")) groups.set(line.trim(), (group = []));
    else if (/^\s+[@\w]/.test(line)) group.push(line.trim());
  }
  return groups;
}
