/** `gitfleet explain`: what runs on a device and why, and why not. */
import { z } from "zod";
import type { ReportedDevices } from "#fleet/desired.ts";
import { explainDevice } from "#fleet/explain.ts";
import { explanationText } from "#fleet/explain-text.ts";
import type { NatsOptions } from "#nats/options.ts";
import { UsageError } from "#runtime/errors.ts";
import { parseDeviceId } from "#schema/names.ts";
import { defineCommand } from "../command.ts";
import { folderOf, validFleet } from "../fleet-folder.ts";
import { checkDevice } from "../known-names.ts";
import { liveSetting, natsSettings } from "../nats-settings.ts";
import { DIR_ARGUMENT } from "../settings.ts";

const DEVICE_ID_RULE = "It is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit.";

export const command = defineCommand({
  name: "explain",
  summary: "show what runs on a device and why, and why not",
  examples: [
    { line: "gitfleet explain kiosk-0001", does: "deployments, the files they stand in, the labels that matched" },
    { line: "gitfleet explain kiosk-0001 shop-floor", does: "the same, for another folder" },
    { line: "gitfleet explain kiosk-0001 --live", does: "with what the device itself reported to NATS" },
  ],
  arguments: [{ name: "DEVICE", required: true, description: "the device's id" }, DIR_ARGUMENT],
  settings: z.object({ live: liveSetting("labels that devices reported count, too"), ...natsSettings }),
  run: async ({ settings, args, io, signal }) => {
    const device = parseDeviceId(args[0] ?? "");
    if (device === null) throw new UsageError(`"${args[0]}" cannot be a device id`, { hint: DEVICE_ID_RULE });
    const fleet = validFleet(folderOf(args[1], io), io);
    if (fleet === null) return 1;
    const reported = settings.live ? await readLive(settings.nats, signal) : undefined;
    const explanation = explainDevice(fleet, device, reported);
    if (explanation === null) {
      io.err(`${checkDevice(fleet, device) ?? `there is no device "${device}"`}\n`);
      return 1;
    }
    io.out(explanationText(explanation));
    return 0;
  },
});

async function readLive(nats: NatsOptions, signal: AbortSignal): Promise<ReportedDevices> {
  const { readReports } = await import("../live/reports.ts");
  return readReports(nats, signal);
}
