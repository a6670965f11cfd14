/** `gitfleet agent volumes`: the named volumes of deployments on this device, and the only thing that deletes one. */
import { OutsideError } from "#runtime/errors.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE } from "./core/names.ts";
import type { DeviceId } from "#schema/names.ts";
import { CALL_LIMIT_MS, limited, openPodman, podmanSocket, type Podman } from "./podman/client.ts";
import { isMissing, problemOf } from "./podman/problem.ts";

/** One volume that a deployment made. */
export interface VolumeRow {
  readonly name: string;
  readonly deployment: string;
  /** A container mounts it. */
  readonly inUse: boolean;
  readonly createdAt: string;
}

export interface VolumesOptions {
  readonly podman?: string;
}

/** The volumes of all deployments, sorted by name. Rejects with what a person can act on. */
export async function agentVolumes(options: VolumesOptions, signal: AbortSignal): Promise<VolumeRow[]> {
  return await guarded(open(options), "list the volumes", async (podman) => await rows(podman, signal));
}

/** Deletes the volumes that no container mounts, with all that is in them; gives their names. */
export async function pruneAgentVolumes(options: VolumesOptions, signal: AbortSignal): Promise<string[]> {
  return await guarded(open(options), "delete volumes", async (podman) => {
    const unused = (await rows(podman, signal)).filter(({ inUse }) => !inUse);
    const removed: string[] = [];
    for (const { name } of unused) if (await remove(podman, name, signal)) removed.push(name);
    return removed;
  });
}

/** The rows as an aligned table. */
export function volumesText(volumes: readonly VolumeRow[]): string {
  if (volumes.length === 0) return "no deployment has a volume on this device\n";
  const cells = [
    ["VOLUME", "DEPLOYMENT", "USED", "CREATED"],
    ...volumes.map(({ name, deployment, inUse, createdAt }) => [name, deployment, inUse ? "yes" : "no", createdAt]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function open({ podman }: VolumesOptions): Podman {
  return openPodman(podmanSocket(podman, process.env, process.getuid?.() ?? 0), "" as DeviceId);
}

async function rows({ docker }: Podman, signal: AbortSignal): Promise<VolumeRow[]> {
  const { Volumes } = await docker.listVolumes({ abortSignal: limited(signal, CALL_LIMIT_MS) });
  const containers = await docker.listContainers({ all: true, abortSignal: limited(signal, CALL_LIMIT_MS) });
  const mounted = new Set(containers.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name)));
  return (Volumes ?? [])
    .filter(({ Labels }) => Labels?.[LABEL_DEVICE] !== undefined)
    .map(({ Name, Labels, ...rest }) => ({
      name: Name,
      deployment: Labels[LABEL_DEPLOYMENT] ?? "",
      inUse: mounted.has(Name),
      createdAt: (rest as { CreatedAt?: string }).CreatedAt?.slice(0, 19) ?? "",
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** False where it is gone already, or came into use in this moment. */
async function remove({ docker }: Podman, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await docker.getVolume(name).remove({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    return true;
  } catch (error) {
    if (isMissing(error) || (error as { statusCode?: number }).statusCode === 409) return false;
    throw error;
  }
}

async function guarded<T>(podman: Podman, doing: string, act: (podman: Podman) => Promise<T>): Promise<T> {
  try {
    return await act(podman);
  } catch (error) {
    throw new OutsideError(problemOf(error, doing, podman.socketPath).error, { cause: error });
  }
}
