/** `gitfleet render`: the whole desired state, as the reconciler would write it. */
import { z } from "zod";
import { desiredState } from "#fleet/desired.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { renderedValues, renderNdjson, renderYaml } from "#fleet/render-text.ts";
import { defineCommand } from "../command.ts";
import { folderOf, printWarnings, validFleet } from "../fleet-folder.ts";
import { checkDeployment, checkDevice } from "../known-names.ts";
import { DIR_ARGUMENT, formatSetting } from "../settings.ts";

const settings = z.object({
  device: z.string().optional().meta({ description: "only this device", placeholder: "ID" }),
  deployment: z.string().optional().meta({ description: "only this deployment", placeholder: "NAME" }),
  format: formatSetting(["ndjson", "yaml"]),
});

export const command = defineCommand({
  name: "render",
  summary: "print the whole desired state as it would be written",
  examples: [
    { line: "gitfleet render", does: "a line of JSON for each key, sorted by key" },
    { line: "gitfleet render --device kiosk-0001 --format yaml", does: "what one device should run, to read" },
    { line: "gitfleet render --deployment web | wc -l", does: "on how many devices a deployment runs" },
  ],
  arguments: [DIR_ARGUMENT],
  settings,
  notes: ["Paused devices, deployments and fleets are left out: the reconciler leaves their keys as they are."],
  run: async ({ settings: wanted, args, io }) => {
    const fleet = validFleet(folderOf(args[0], io), io);
    if (fleet === null) return 1;
    const notFound = checkNames(fleet, wanted);
    if (notFound !== null) {
      io.err(`${notFound}\n`);
      return 1;
    }
    const desired = desiredState(fleet);
    printWarnings(desired.warnings, io);
    const print = wanted.format === "ndjson" ? renderNdjson : renderYaml;
    for (const value of renderedValues(desired, wanted)) io.out(print(value));
    return 0;
  },
});

function checkNames(fleet: Fleet, wanted: z.output<typeof settings>): string | null {
  const device = wanted.device === undefined ? null : checkDevice(fleet, wanted.device);
  const deployment = wanted.deployment === undefined ? null : checkDeployment(fleet, wanted.deployment);
  return device ?? deployment;
}
