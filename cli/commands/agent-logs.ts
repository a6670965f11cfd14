/** `gitfleet agent logs`: what a deployment's containers print, on the device they run on. */
import { z } from "zod";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "agent logs",
  summary: "print what a deployment's containers wrote",
  examples: [
    { line: "gitfleet agent logs web", does: "the last 100 lines of each service, each line with its service" },
    { line: "gitfleet agent logs web --service db --tail 1000", does: "more of one service" },
    { line: "gitfleet agent logs web --follow", does: "and what comes, until Ctrl-C" },
  ],
  arguments: [{ name: "DEPLOYMENT", required: true, description: "the deployment's name" }],
  settings: z.object({
    service: z.string().optional().meta({ description: "only this service", placeholder: "NAME" }),
    tail: z.int().min(0).max(1_000_000).default(100).meta({ description: "how many lines of each to begin with" }),
    follow: z.boolean().default(false).meta({ description: "stay and print what comes" }),
    podman: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "podman's API socket; the usual places when left out", placeholder: "SOCKET" }),
  }),
  stopsItself: true,
  run: async ({ settings: { service, tail, follow, podman }, args, io, signal }) => {
    const { agentLogs } = await import("#agent/logs-command.ts");
    const narrowed = { ...(service === undefined ? {} : { service }), ...(podman === undefined ? {} : { podman }) };
    await agentLogs({ deployment: args[0] ?? "", tail, follow, ...narrowed }, { stdout: io.out, signal });
    return 0;
  },
});
