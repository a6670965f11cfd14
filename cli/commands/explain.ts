/** `gitfleet explain`: what runs on a device and why, and why not. */
import { z } from "zod";
import { explainDevice, explanationText } from "#fleet/explain.ts";
import { parseDeviceId } from "#schema/names.ts";
import { UsageError } from "#runtime/errors.ts";
import { defineCommand } from "../command.ts";
import { folderOf, validFleet } from "../fleet-folder.ts";
import { checkDevice } from "../known-names.ts";
import { DIR_ARGUMENT } from "../settings.ts";

export const command = defineCommand({
  name: "explain",
  summary: "show what runs on a device and why, and why not",
  examples: [
    { line: "gitfleet explain kiosk-0001", does: "deployments, the files they stand in, the labels that matched" },
    { line: "gitfleet explain kiosk-0001 shop-floor", does: "the same, for another folder" },
  ],
  arguments: [{ name: "DEVICE", required: true, description: "the device's id" }, DIR_ARGUMENT],
  settings: z.object({}),
  run: async ({ args, io }) => {
    const device = parseDeviceId(args[0] ?? "");
    if (device === null) throw new UsageError(`"${args[0]}" cannot be a device id`, { hint: DEVICE_ID_RULE });
    const fleet = validFleet(folderOf(args[1], io), io);
    if (fleet === null) return 1;
    const explanation = explainDevice(fleet, device);
    if (explanation === null) {
      io.err(`${checkDevice(fleet, device)}\n`);
      return 1;
    }
    io.out(explanationText(explanation));
    return 0;
  },
});

const DEVICE_ID_RULE = "It is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit.";
