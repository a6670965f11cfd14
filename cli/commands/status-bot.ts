/** `gitfleet status-bot`: says that this version does not have it. */
import { z } from "zod";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "status-bot",
  summary: "bring what devices say back to git and pull requests (not in this version)",
  examples: [{ line: "gitfleet status --watch", does: "until then: the same truth, in a terminal" }],
  arguments: [],
  settings: z.object({}),
  unavailable: "this version has no status-bot yet; `gitfleet status` shows the same in a terminal",
  run: async () => 2,
});
