/** Removes the empty control groups that a device's containers leave in the kernel when they end without podman. */
import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";
const PARENT = "libpod_parent";

/** Removes the groups of every container that the device in `folder` knows. They must have ended. */
export function removeControlGroups(folder: string): void {
  const ids = containerIds(folder);
  for (const parent of groupParents()) {
    const ours = list(parent).filter((name) => ids.some((id) => name.includes(id)));
    for (const name of ours) removeTree(join(parent, name));
  }
}

function containerIds(folder: string): string[] {
  const stores = list(join(folder, "root")).filter((name) => name.endsWith("-containers"));
  return stores.flatMap((store) => {
    try {
      const text = readFileSync(join(folder, "root", store, "containers.json"), "utf8");
      return (JSON.parse(text) as { id: string }[]).map(({ id }) => id);
    } catch {
      return [];
    }
  });
}

/** One hierarchy (cgroup v2) or one for each controller (v1); conmon has a group beside the containers. */
function groupParents(): string[] {
  const hierarchies = [ROOT, ...list(ROOT).map((name) => join(ROOT, name))];
  return hierarchies.flatMap((hierarchy) => [join(hierarchy, PARENT), join(hierarchy, PARENT, "conmon")]);
}

// The files in a control group belong to the kernel: only its folders can and need be removed, innermost first.
function removeTree(group: string): void {
  for (const name of folders(group)) removeTree(join(group, name));
  try {
    rmdirSync(group);
  } catch {
    // A process in it is just ending; an empty group costs next to nothing.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function folders(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
