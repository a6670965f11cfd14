/** `gitfleet status`: the commit applied, refused or held, and how each deployment is doing, live from NATS. */
import { z } from "zod";
import type { DeploymentName } from "#schema/names.ts";
import { defineCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { notFoundText } from "../known-names.ts";
import { FOLLOWED, follow, type Following } from "../live/follow.ts";
import { statusJson, statusOf, type FleetStatus } from "../live/status.ts";
import { statusText } from "../live/status-text.ts";
import { watchStatus } from "../live/watch-status.ts";
import { withNats } from "../nats-session.ts";
import { natsSettings } from "../nats-settings.ts";
import { formatSetting } from "../settings.ts";

export const command = defineCommand({
  name: "status",
  summary: "show the commit applied, refused or held, and how each deployment is doing",
  examples: [
    { line: "gitfleet status", does: "the whole fleet" },
    { line: "gitfleet status web", does: "one deployment, with the devices that failed or are pending" },
    { line: "gitfleet status --watch", does: "live, until Ctrl-C; a line for each change where stdout is no terminal" },
    { line: "gitfleet status --format json | jq .deployments.web.failed", does: "for programs" },
  ],
  arguments: [
    { name: "DEPLOYMENT", required: false, description: "only this deployment, with its devices in trouble" },
  ],
  settings: z.object({
    watch: z.boolean().default(false).meta({ description: "stay and show changes as they come" }),
    format: formatSetting(["text", "json"]),
    ...natsSettings,
  }),
  notes: [
    "A device is offline when the server has had no heartbeat of it for `offlineAfter` (90 s). Its deployments keep the\n" +
      "phase it last reported. RUNNING counts devices that run exactly what is wanted now.",
  ],
  stopsItself: true,
  run: async ({ settings, args, io, signal }) =>
    withNats({ nats: settings.nats, signal, buckets: FOLLOWED }, async (link) => {
      const only = args[0] as DeploymentName | undefined;
      if (settings.watch) return watchStatus(link, { only, format: settings.format, io, signal });
      const following = await follow(link, { signal });
      try {
        return printOnce(following, { only, format: settings.format, io });
      } finally {
        await following.stop();
      }
    }),
});

interface Printing {
  readonly only: DeploymentName | undefined;
  readonly format: "text" | "json";
  readonly io: Io;
}

function printOnce({ fleet, serverNowMs }: Following, { only, format, io }: Printing): number {
  const nowMs = serverNowMs();
  fleet.judgeOffline(nowMs, { keep: false });
  const known = fleet.deployments();
  if (only !== undefined && !known.includes(only)) {
    io.err(`${notFoundText("deployment", only, known, "it is on no device")}\n`);
    return 1;
  }
  const status: FleetStatus = statusOf(fleet, { serverNowMs: nowMs, only });
  io.out(format === "json" ? `${statusJson(status)}\n` : statusText(status, { paint: io.paint, nowMs }));
  return 0;
}
