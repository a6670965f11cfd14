/** `gitfleet doctor`: checks of this machine, podman, git and NATS, each with what to do. */
import { z } from "zod";
import { defineCommand } from "../command.ts";
import type { Check } from "../doctor/check.ts";
import { checkGit, checkNode } from "../doctor/machine.ts";
import { checkNats } from "../doctor/nats.ts";
import { checkPodman, checkSocket, socketCandidates } from "../doctor/podman.ts";
import type { Io } from "../io.ts";
import { natsSettings } from "../nats-settings.ts";
import { table } from "../table.ts";
import { count } from "../problem-text.ts";

export const command = defineCommand({
  name: "doctor",
  summary: "check this machine, podman, git and NATS, and say what to do",
  examples: [
    { line: "gitfleet doctor", does: "everything it can look at from here" },
    { line: "gitfleet doctor --nats nats://nats.example:4222", does: "with another NATS" },
  ],
  arguments: [],
  settings: z.object({
    podman: z.string().optional().meta({ description: "podman's API socket", placeholder: "SOCKET" }),
    ...natsSettings,
  }),
  notes: [
    "Nothing is changed. Ends with 1 where something does not work (✗); what only might matter (!) does not count.",
  ],
  run: async ({ settings, io, signal }) => {
    const checks = [
      checkNode(process.versions.node),
      await checkGit(),
      await checkPodman(),
      await checkSocket(socketCandidates(settings.podman, io.env)),
      ...(await checkNats(settings.nats, signal)),
    ];
    io.out(doctorText(checks, io));
    return checks.some(({ level }) => level === "fail") ? 1 : 0;
  },
});

function doctorText(checks: readonly Check[], io: Io): string {
  const marks = { ok: io.paint("green", "✓"), warn: io.paint("yellow", "!"), fail: io.paint("red", "✗") };
  const rows = checks.flatMap(({ level, name, found, todo = [] }) => [
    [marks[level], name, found],
    ...todo.map((step) => ["", "", `→ ${step}`]),
  ]);
  const fails = checks.filter(({ level }) => level === "fail").length;
  const warns = checks.filter(({ level }) => level === "warn").length;
  const verdict = fails === 0 ? "everything that must work works" : `${count(fails, "thing")} to mend`;
  return `${table(rows)}\n${verdict}${warns === 0 ? "" : `, ${count(warns, "hint")}`}\n`;
}
