/** `gitfleet simulate`: devices that answer like agents, without containers. */
import { z } from "zod";
import { UsageError } from "#runtime/errors.ts";
import { createLogger } from "#runtime/logger.ts";
import { logSettings } from "#runtime/settings.ts";
import type { DeviceId } from "#schema/names.ts";
import { run, settings as simulatorSettings, summaryJson, summaryText, type SimulatedDevice } from "#simulator/main.ts";
import { defineCommand } from "../command.ts";
import { folderOf, readFleetFolder } from "../fleet-folder.ts";
import type { Io } from "../io.ts";
import { asOutside } from "../nats-session.ts";
import { printProblems } from "../problem-text.ts";
import { formatSetting } from "../settings.ts";

const settings = z.object({ ...simulatorSettings.shape, format: formatSetting(["text", "json"]), ...logSettings });
type Settings = z.output<typeof settings>;

export const command = defineCommand({
  name: "simulate",
  summary: "run devices that answer like agents, without containers",
  examples: [
    { line: "gitfleet simulate --devices 20 --label role=kiosk", does: "sim-0001 to sim-0020 (declare them, too)" },
    { line: "gitfleet simulate --from my-fleet --except kiosk-0001", does: "what a repository declares, but one" },
    { line: "gitfleet simulate --devices 1000 --fail-percent 3", does: "three of 100 rollouts fail, always the same" },
    {
      line: "gitfleet simulate --devices 500 --connections 500 --restarts-per-minute 10 --disconnects-per-minute 60",
      does: "each device on a connection of its own, some of which break",
    },
    {
      line: "gitfleet simulate --devices 10000 --connections 10 --until-settled --format json",
      does: "how long a commit took, as one JSON object",
    },
  ],
  arguments: [],
  settings,
  daemon: true,
  stopsItself: true,
  notes: [
    "Each device publishes device-info and heartbeats, and for each key that is meant for it a state: Pending, then\n" +
      "Running or Failed. Buckets that are missing are made. Ctrl-C ends it; what the devices said stays in NATS\n" +
      "(`gitfleet forget DEVICE` removes it).",
    "At the end it prints what it was: states written by phase, and for each commit that came while the devices were\n" +
      "there how long its values took from the server's stamp of the value to its stamp of the state (p50, p90, p99, max).\n" +
      "Values that were there before the devices are answered, too, but not timed.",
  ],
  run: async ({ settings: given, io, signal }) => {
    const devices = given.from === undefined ? numbered(given) : declared(given, given.from, io);
    if (devices === null) return 1;
    const logger = createLogger({ name: "simulate", level: given.logLevel, format: given.logFormat });
    const screen = { ...io, isTerminal: io.errInteractive, paint: io.paintErr };
    try {
      const summary = await run(given, { devices, signal, logger, screen });
      io.out(
        given.format === "json"
          ? `${summaryJson(summary)}
`
          : summaryText(summary),
      );
      return 0;
    } catch (cause) {
      // It was told to stop while it still looked for NATS.
      if (signal.aborted) return 0;
      throw asOutside(cause);
    }
  },
});

function numbered({ devices, prefix, labels }: Settings): SimulatedDevice[] {
  if (devices === undefined) {
    throw new UsageError("--devices N is missing", {
      hint: "Say how many, or --from DIR for those that are declared.",
    });
  }
  const digits = Math.max(4, String(devices).length);
  return Array.from({ length: devices }, (_, index) => ({
    id: `${prefix}-${String(index + 1).padStart(digits, "0")}` as DeviceId,
    labels,
  }));
}

function declared({ devices: most, except, labels }: Settings, from: string, io: Io): SimulatedDevice[] | null {
  const folder = folderOf(from, io);
  const { fleet, problems } = readFleetFolder(folder);
  if (fleet === null) {
    printProblems(problems, folder, io);
    return null;
  }
  const real = new Set(except);
  const found = [...fleet.devices.values()].filter(({ id }) => !real.has(id));
  if (found.length === 0) throw new UsageError(`${folder} declares no device to simulate`);
  return found.slice(0, most).map(({ id, labels: own }) => ({ id, labels: { ...Object.fromEntries(own), ...labels } }));
}
