/** `gitfleet demo`: everything on this machine. */
import { z } from "zod";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "demo",
  summary: "bring up a complete fleet on this machine",
  examples: [
    { line: "gitfleet demo", does: "a fleet to play with, until Ctrl-C removes all of it" },
    { line: "gitfleet demo --auto", does: "drives the story by itself; ends with 0 only if every step is true" },
  ],
  arguments: [],
  settings: z.object({
    auto: z.boolean().default(false).meta({
      description: "deploy, upgrade, kill, propose, merge, remove, hold and approve without a person, then end",
    }),
  }),
  notes: [
    "A fleet repository on a model of GitHub, NATS, the reconciler, the status bot, an agent on real podman and 20 simulated\n" +
      "devices. Needs nats-server, podman and git: `npm run demo` installs what is missing. Nothing stays behind.",
  ],
  stopsItself: true,
  // Containers are stopped with grace, and the device they ran on is taken apart.
  stopLimitMs: 60_000,
  run: async ({ settings, io, signal }) => {
    const { runDemo } = await import("../demo/run-demo.ts");
    return await runDemo({ auto: settings.auto, io, signal });
  },
});
