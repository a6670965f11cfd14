/** Every command of gitfleet: its name, what it does in one line, and where it is. Loaded only when it is run. */
import type { CommandEntry } from "./command.ts";
import { AGENT_COMMANDS, DOCTOR } from "./device-commands.ts";

/** In the order that help shows. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    group: "Without a server",
    summary: "make a new fleet repository from the template",
    load: () => import("./commands/init.ts"),
  },
  {
    name: "validate",
    group: "Without a server",
    summary: "check a fleet repository; every problem with file:line:column",
    load: () => import("./commands/validate.ts"),
  },
  {
    name: "render",
    group: "Without a server",
    summary: "print the whole desired state as it would be written",
    load: () => import("./commands/render.ts"),
  },
  {
    name: "plan",
    group: "Without a server",
    summary: "show what changes between two commits, or between a folder and NATS",
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "explain",
    group: "Without a server",
    summary: "show what runs on a device and why, and why not",
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "schema",
    group: "Without a server",
    summary: "print the JSON Schema of the documents, for editors",
    load: () => import("./commands/schema.ts"),
  },
  {
    name: "status",
    group: "With NATS",
    summary: "show the commit applied, refused or held, and how each deployment is doing",
    load: () => import("./commands/status.ts"),
  },
  {
    name: "devices",
    group: "With NATS",
    summary: "list devices: declared, undeclared, offline, paused, two agents with one id",
    load: () => import("./commands/devices.ts"),
  },
  {
    name: "forget",
    group: "With NATS",
    summary: "remove what a retired device left in NATS",
    load: () => import("./commands/forget.ts"),
  },
  { ...DOCTOR, load: () => import("./commands/doctor.ts") },
  {
    name: "demo",
    group: "Programs that run for long",
    summary: "bring up a complete fleet on this machine",
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "simulate",
    group: "Programs that run for long",
    summary: "run devices that answer like agents, without containers",
    load: () => import("./commands/simulate.ts"),
  },
  {
    name: "reconciler",
    group: "Programs that run for long",
    summary: "bring what git says to NATS, and keep it there",
    load: () => import("./commands/reconciler.ts"),
  },
  {
    name: "status-bot",
    group: "Programs that run for long",
    summary: "bring what devices say back to git and pull requests",
    load: () => import("./commands/status-bot.ts"),
  },
  ...AGENT_COMMANDS,
];
