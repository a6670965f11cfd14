/** `gitfleet agent install`: the agent as a service of this device, with its settings, credentials and folders. */
import { z } from "zod";
import { fileSettings, optionalOnes } from "#agent/install/request.ts";
import { defineCommand } from "../command.ts";
import { askerOf, placeSettings } from "../install-place.ts";

const ownSettings = {
  ...placeSettings,
  exec: z.string().min(1).optional().meta({
    description: "the program that the service starts; the one that is running now when left out",
    placeholder: "PATH",
  }),
  print: z.boolean().default(false).meta({ description: "only print what would be written and run" }),
};

const own = z.object(ownSettings);

export const command = defineCommand({
  name: "agent install",
  summary: "make the agent a service of this device, or change its settings",
  examples: [
    {
      line: "sudo gitfleet agent install --device-id kiosk-0001 --nats tls://nats.example:4222 --nats-creds kiosk-0001.creds",
      does: "this machine is kiosk-0001, with root's podman",
    },
    {
      line: "gitfleet agent install --user --device-id kiosk-0001",
      does: "the same with this user's podman (rootless)",
    },
    { line: "gitfleet agent install --device-id kiosk-0001 --print", does: "show every file and command, do nothing" },
    { line: "sudo gitfleet agent install --label role=kiosk", does: "change one setting of an installed agent" },
  ],
  arguments: [],
  settings: z.object({ ...ownSettings, ...optionalOnes(fileSettings) }),
  notes: [
    "It may be run again and again: only what differs is written, and the agent is restarted only then. A settings file that\n" +
      "a person has edited and credentials that are there already are never overwritten; then it ends with 1 and says so.",
    "Where no systemd runs it writes the files and names the commands that remain.",
  ],
  run: async ({ settings, io }) => {
    const { prepareInstall } = await import("#agent/install/install.ts");
    const { perform } = await import("#agent/install/perform.ts");
    const { afterwordsText, commandText, planText } = await import("#agent/install/plan-text.ts");
    const { user, root, exec, print } = own.parse(settings);
    const plan = await prepareInstall({ user, root, exec, settings }, askerOf(io));
    if (print) io.out(planText(plan));
    else {
      await perform(plan.steps, (line) => io.out(`${line}\n`));
      if (plan.steps.length === 0 && plan.refused.length === 0)
        io.out("nothing to do: the agent is installed as asked\n");
      io.out(afterwordsText(plan));
      if (plan.remaining.length > 0 && root === undefined)
        io.err(`or, in the foreground: ${commandText(plan.start)}\n`);
    }
    return plan.refused.length === 0 ? 0 : 1;
  },
});
