/**
 * Does a program in a container listen on its ports? Read from the kernel's table of the container's own network:
 * a published port of a rootless container accepts before the program does, and the agent may not be able to reach it.
 */
import { readFile, readdir } from "node:fs/promises";

/** `st` of a listening socket in /proc/PID/net/tcp. */
const LISTEN = "0A";

/** Those of `ports` on which nothing listens; null where that cannot be told (the container's processes are not visible). */
export async function missingPorts(
  containerId: string,
  pid: number,
  ports: readonly number[],
): Promise<number[] | null> {
  if (ports.length === 0) return [];
  const visible = await visiblePid(containerId, pid);
  if (visible === null) return null;
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => read(`/proc/${visible}/net/${name}`)));
  if (tables[0] === null) return null;
  const listened = new Set(tables.flatMap((table) => listeningPorts(table ?? "")));
  return ports.filter((port) => !listened.has(port));
}

/** The local ports that a /proc/net/tcp table shows as listening. */
export function listeningPorts(table: string): number[] {
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => Number.parseInt(fields[1]?.split(":").at(-1) ?? "", 16));
}

// Where podman runs in another process namespace its pid means nothing here; the control group names the container.
async function visiblePid(containerId: string, pid: number): Promise<number | null> {
  if (await belongsTo(pid, containerId)) return pid;
  for (const name of await readdir("/proc").catch(() => [])) {
    if (/^\d+$/.test(name) && (await belongsTo(Number(name), containerId))) return Number(name);
  }
  return null;
}

async function belongsTo(pid: number, containerId: string): Promise<boolean> {
  const groups = pid > 0 ? await read(`/proc/${pid}/cgroup`) : null;
  // podman's own monitor of the container is in a group of its own: libpod-conmon-ID.
  return groups !== null && groups.includes(`libpod-${containerId}`);
}

async function read(path: string): Promise<string | null> {
  return await readFile(path, "utf8").catch(() => null);
}
