/** What this device is made of, as far as node can tell. */
import { statfs } from "node:fs/promises";
import { availableParallelism, hostname, machine, platform, release, totalmem } from "node:os";
import { version } from "#runtime/version.ts";
import type { Inventory } from "#schema/wire.ts";

const BYTES_PER_MB = 1_048_576;

/** The inventory; `folder` is on the disk whose size is told. Never rejects: what cannot be found out is left out. */
export async function inventory(folder: string): Promise<Inventory> {
  const disk = await statfs(folder).catch(() => null);
  return {
    hostname: hostname(),
    arch: machine(),
    os: platform(),
    kernel: release(),
    cpu_cores: availableParallelism(),
    memory_mb: Math.floor(totalmem() / BYTES_PER_MB),
    ...(disk === null ? {} : { disk_mb: Math.floor((disk.blocks * disk.bsize) / BYTES_PER_MB) }),
    agent_version: version,
  };
}
