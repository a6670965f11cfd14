/** Control groups: whether containers can be limited in memory and processors, as deployments may ask for. */
import type { Check } from "./check.ts";
import type { PodmanInfo } from "./podman.ts";

/** Behind `resources` of a service, and behind the limit of processes that podman sets itself. */
const CONTROLLERS = ["cpu", "memory", "pids"];

export function checkControlGroups({ host }: Pick<PodmanInfo, "host">): Check {
  const name = "cgroups";
  const { rootless } = host.security;
  const missing = CONTROLLERS.filter((controller) => host.cgroupControllers?.includes(controller) !== true);
  if (host.cgroupVersion !== "v2") return ofVersion1(rootless);
  const found = `v2, ${rootless ? "delegated" : "with"} ${host.cgroupControllers?.join(", ") || "nothing"}`;
  if (missing.length === 0) return { level: "ok", name, found };
  const limits = `containers cannot be limited: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`;
  return { level: "warn", name, found: `${found}; ${limits}`, todo: rootless ? DELEGATE : ENABLE };
}

const ENABLE = [
  "on a Raspberry Pi: add `cgroup_enable=memory cgroup_memory=1` to the line in /boot/firmware/cmdline.txt and reboot",
  "elsewhere: the kernel's command line must not have cgroup_disable=",
];

const DELEGATE = [
  "as root: write `[Service]` and `Delegate=cpu cpuset io memory pids` to /etc/systemd/system/user@.service.d/delegate.conf,",
  "then systemctl daemon-reload, and log in again",
];

function ofVersion1(rootless: boolean): Check {
  const name = "cgroups";
  if (!rootless) return { level: "ok", name, found: "v1; limits work for root's podman" };
  const todo = ["add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot, or use root's podman"];
  return { level: "warn", name, found: "v1: rootless containers cannot be limited", todo };
}
