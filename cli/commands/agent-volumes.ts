/** `gitfleet agent volumes`: the volumes of deployments on this device, and the only way gitfleet removes one. */
import { z } from "zod";
import { defineCommand } from "../command.ts";
import { count } from "../problem-text.ts";

export const command = defineCommand({
  name: "agent volumes",
  summary: "list the volumes of deployments, and remove those no longer used",
  examples: [
    { line: "gitfleet agent volumes", does: "each volume, whose it is, and whether a container uses it" },
    { line: "gitfleet agent volumes --prune", does: "delete those that no container uses, with all that is in them" },
  ],
  arguments: [],
  settings: z.object({
    prune: z
      .boolean()
      .default(false)
      .meta({ description: "delete the volumes that no container uses: there is no way back" }),
    podman: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "podman's API socket; the usual places when left out", placeholder: "SOCKET" }),
  }),
  notes: ["The agent itself never deletes a volume: removing a deployment and bringing it back finds its data again."],
  run: async ({ settings: { prune, podman }, io, signal }) => {
    const { agentVolumes, pruneAgentVolumes, volumesText } = await import("#agent/volumes-command.ts");
    const where = podman === undefined ? {} : { podman };
    if (!prune) {
      io.out(volumesText(await agentVolumes(where, signal)));
      return 0;
    }
    const removed = await pruneAgentVolumes(where, signal);
    for (const name of removed) io.out(`${name}\n`);
    io.err(`deleted ${count(removed.length, "volume")}\n`);
    return 0;
  },
});
