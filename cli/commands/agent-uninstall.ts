/** `gitfleet agent uninstall`: no agent on this device any more; what it ran runs on. */
import { z } from "zod";
import { defineCommand } from "../command.ts";
import { askerOf, placeSettings } from "../install-place.ts";

export const command = defineCommand({
  name: "agent uninstall",
  summary: "stop the agent's service and remove it; containers run on",
  examples: [
    { line: "sudo gitfleet agent uninstall", does: "settings, credentials and state stay for another installation" },
    { line: "sudo gitfleet agent uninstall --purge", does: "delete those, too" },
    { line: "gitfleet agent uninstall --user --print", does: "show what would be deleted and run, do nothing" },
  ],
  arguments: [],
  settings: z.object({
    ...placeSettings,
    purge: z.boolean().default(false).meta({ description: "delete settings, credentials and state, too" }),
    print: z.boolean().default(false).meta({ description: "only print what would be deleted and run" }),
  }),
  notes: [
    "Containers and volumes stay in any case. To be rid of them, first remove the device's deployments in git, and\n" +
      "uninstall once the agent has stopped them; `gitfleet agent volumes --prune` deletes their data.",
  ],
  run: async ({ settings: { user, root, purge, print }, io }) => {
    const { prepareUninstall } = await import("#agent/install/install.ts");
    const { perform } = await import("#agent/install/perform.ts");
    const { afterwordsText, planText } = await import("#agent/install/plan-text.ts");
    const plan = await prepareUninstall({ user, root, purge }, askerOf(io));
    if (print) io.out(planText(plan));
    else {
      await perform(plan.steps, (line) => io.out(`${line}\n`));
      if (plan.steps.length === 0) io.out("nothing to do: no agent is installed here\n");
      io.out(afterwordsText(plan));
    }
    return 0;
  },
});
