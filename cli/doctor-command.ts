/** `gitfleet doctor` in two sizes: with a look at the fleet repository, and for devices, which know no git. */
import { z } from "zod";
import type { FileValues } from "#agent/install/settings-file.ts";
import { defineCommand, type Command } from "./command.ts";
import { formatSetting } from "./settings.ts";
import { examine } from "./doctor/examine.ts";
import { doctorJson, doctorText } from "./doctor/report.ts";
import { repositorySettings, repositoryToCheck, type CheckRepository } from "./doctor/repository.ts";
import { subjectOf, subjectSettings } from "./doctor/subject.ts";

const ownSettings = {
  format: formatSetting(["text", "json"]),
  config: z.string().min(1).optional().meta({
    description: "the agent's settings file; that of an installed agent when left out",
    placeholder: "FILE",
  }),
  registry: z
    .array(z.string())
    .default([])
    .meta({ description: "a registry that images come from", placeholder: "HOST" }),
};

const own = z.object(ownSettings);

/** The command; without `checkRepository` it has no options about git. */
export function doctorCommand(checkRepository: CheckRepository | null): Command {
  return defineCommand({
    name: "doctor",
    summary: "check this machine, podman, git and NATS, and say what to do",
    examples: [
      { line: "gitfleet doctor", does: "everything it can look at from here" },
      {
        line: "sudo gitfleet doctor",
        does: "on a device: by the settings of its agent, and what its NATS user may do",
      },
      {
        line: "gitfleet doctor --nats nats://nats.example:4222 --format json",
        does: "another NATS, for a program to read",
      },
    ],
    arguments: [],
    settings: z.object({ ...ownSettings, ...(checkRepository === null ? {} : repositorySettings), ...subjectSettings }),
    notes: [
      "Nothing is changed: what a NATS user may write is tried with writes that the bucket must refuse. Ends with 1 where\n" +
        "something does not work (✗); what only might matter (!) does not count.",
    ],
    run: async ({ settings, io, signal }) => {
      const { format, config, registry: registries } = own.parse(settings);
      const given = Object.fromEntries(
        Object.entries(settings).filter(([name, value]) => name in subjectSettings && value !== undefined),
      ) as FileValues;
      const subject = await subjectOf(given, config, io.env);
      const repository = checkRepository === null ? null : repositoryToCheck(settings, checkRepository);
      const checks = await examine({ subject, registries, repository, env: io.env, signal });
      io.out(format === "json" ? doctorJson(checks) : doctorText(checks, io));
      return checks.some(({ level }) => level === "fail") ? 1 : 0;
    },
  });
}
