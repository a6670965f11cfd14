/** `gitfleet devices`: what NATS knows of each device, and what the repository says about it. */
import { z } from "zod";
import { FleetReader } from "#fleet/read.ts";
import { sleep } from "#runtime/clock.ts";
import { durationSetting } from "#runtime/settings.ts";
import { defineCommand } from "../command.ts";
import { folderOf, readFleetFolder } from "../fleet-folder.ts";
import type { Io } from "../io.ts";
import { deviceRows, devicesJson, devicesText, type DeclaredDevices } from "../live/devices.ts";
import { FOLLOWED, follow } from "../live/follow.ts";
import { TwinWatch } from "../live/twins.ts";
import { withNats } from "../nats-session.ts";
import { natsSettings } from "../nats-settings.ts";
import { problemCount } from "../problem-text.ts";
import { DIR_ARGUMENT, formatSetting } from "../settings.ts";

export const command = defineCommand({
  name: "devices",
  summary: "list devices: declared, undeclared, offline, paused, two agents with one id",
  examples: [
    { line: "gitfleet devices", does: "every device; in a fleet repository also which are declared there" },
    { line: "gitfleet devices --observe 70s", does: "watch heartbeats for a while: finds two agents with one id" },
    { line: "gitfleet devices --format json | jq '.devices[]|select(.offline)'", does: "for programs" },
  ],
  arguments: [{ ...DIR_ARGUMENT, description: `${DIR_ARGUMENT.description}; tells which devices are declared` }],
  settings: z.object({
    observe: durationSetting("0s").meta({
      description: "watch this long for two agents with one id (at the usual heartbeat of 30 s, 70s finds them)",
    }),
    format: formatSetting(["text", "json"]),
    ...natsSettings,
  }),
  notes: [
    "Undeclared: the device reports to this NATS, and no file of the repository declares it. Add a file below devices/,\n" +
      "or, when it is retired, run `gitfleet forget DEVICE`.",
  ],
  stopsItself: true,
  run: async ({ settings, args, io, signal }) => {
    const declared = declaredIn(args[0], io);
    return withNats({ nats: settings.nats, signal, buckets: FOLLOWED }, async (link) => {
      const twins = new TwinWatch();
      const following = await follow(link, { signal, seen: (bucket, change) => twins.apply(bucket, change) });
      try {
        if (settings.observe > 0) await observe(settings.observe, io, signal);
        const nowMs = following.serverNowMs();
        following.fleet.judgeOffline(nowMs, { keep: false });
        const rows = deviceRows(following.fleet, { declared, twins: twins.judge() });
        const text = settings.format === "json" ? devicesJson(rows) : devicesText(rows, { paint: io.paint, nowMs });
        io.out(text);
        return 0;
      } finally {
        await following.stop();
      }
    });
  },
});

async function observe(ms: number, io: Io, signal: AbortSignal): Promise<void> {
  io.err(`watching heartbeats for ${Math.round(ms / 1_000)} s; Ctrl-C ends early\n`);
  await sleep(ms, signal);
}

// A folder that was named must be a valid repository; the current one may be anything.
function declaredIn(dir: string | undefined, io: Io): DeclaredDevices | null {
  const folder = folderOf(dir, io);
  const reading = readFleetFolder(folder, new FleetReader());
  if (reading.snapshot.entries.length === 0) {
    if (dir !== undefined) io.err(`${folder} is no fleet repository: which devices are declared is not known\n`);
    return null;
  }
  if (reading.fleet !== null) return reading.fleet.devices;
  io.err(`${folder} is not valid (${problemCount(reading.problems)}): which devices are declared is not known\n`);
  return null;
}
