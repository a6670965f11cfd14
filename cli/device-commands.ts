/** The commands that a device needs: all that the agent's bundle holds, and a part of the whole command line. */
import type { CommandEntry } from "./command.ts";

export const AGENT_COMMANDS: readonly CommandEntry[] = [
  {
    name: "agent",
    group: "On a device",
    summary: "run what NATS says on this device, and report back",
    load: () => import("./commands/agent.ts"),
  },
  {
    name: "agent logs",
    group: "On a device",
    summary: "print what a deployment's containers wrote",
    load: () => import("./commands/agent-logs.ts"),
  },
  {
    name: "agent volumes",
    group: "On a device",
    summary: "list the volumes of deployments, and remove those no longer used",
    load: () => import("./commands/agent-volumes.ts"),
  },
  {
    name: "agent install",
    group: "On a device",
    summary: "make the agent a service of this device, or change its settings",
    load: () => import("./commands/agent-install.ts"),
  },
  {
    name: "agent uninstall",
    group: "On a device",
    summary: "stop the agent's service and remove it; containers run on",
    load: () => import("./commands/agent-uninstall.ts"),
  },
];

/** Without where it is: the doctor of devices looks at no repository, and does without what reads one. */
export const DOCTOR: Omit<CommandEntry, "load"> = {
  name: "doctor",
  group: "With NATS",
  summary: "check this machine, podman, git and NATS, and say what to do",
};

/** In the order that help shows. */
export const DEVICE_COMMANDS: readonly CommandEntry[] = [
  ...AGENT_COMMANDS,
  { ...DOCTOR, load: () => import("./commands/device-doctor.ts") },
];
