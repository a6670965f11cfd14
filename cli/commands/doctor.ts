/** `gitfleet doctor`: checks of this machine, podman, git and NATS, each with what to do. */
import { z } from "zod";
import { defineCommand } from "../command.ts";
import { examine } from "../doctor/examine.ts";
import { doctorJson, doctorText } from "../doctor/report.ts";
import { subjectOf, subjectSettings } from "../doctor/subject.ts";
import type { FileValues } from "#agent/install/settings-file.ts";
import { formatSetting } from "../settings.ts";

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
  repo: z.string().min(1).optional().meta({ description: "the fleet repository", placeholder: "URL|PATH" }),
  branch: z.string().min(1).default("main").meta({ description: "the branch that is the truth" }),
  gitToken: z
    .string()
    .optional()
    .meta({ description: "token that may read the repository", secret: true, placeholder: "TOKEN" }),
  gitTokenFile: z.string().optional().meta({ description: "file with the token", placeholder: "FILE" }),
  gitCa: z
    .string()
    .optional()
    .meta({ description: "file with certificates (PEM) to trust for git as well", placeholder: "FILE" }),
};

const own = z.object(ownSettings);

export const command = defineCommand({
  name: "doctor",
  summary: "check this machine, podman, git and NATS, and say what to do",
  examples: [
    { line: "gitfleet doctor", does: "everything it can look at from here" },
    { line: "sudo gitfleet doctor", does: "on a device: by the settings of its agent, and what its NATS user may do" },
    {
      line: "gitfleet doctor --nats nats://nats.example:4222 --repo https://git.example/fleet.git",
      does: "before the reconciler",
    },
  ],
  arguments: [],
  settings: z.object({ ...ownSettings, ...subjectSettings }),
  notes: [
    "Nothing is changed: what a NATS user may write is tried with writes that the bucket must refuse. Ends with 1 where\n" +
      "something does not work (✗); what only might matter (!) does not count.",
  ],
  run: async ({ settings, io, signal }) => {
    const { format, config, registry, repo, ...git } = own.parse(settings);
    const given = Object.fromEntries(
      Object.entries(settings).filter(([name, value]) => name in subjectSettings && value !== undefined),
    ) as FileValues;
    const subject = await subjectOf(given, config, io.env);
    const repository =
      repo === undefined
        ? null
        : { repo, branch: git.branch, token: git.gitToken, tokenFile: git.gitTokenFile, caFile: git.gitCa };
    const checks = await examine({ subject, registries: registry, repository, env: io.env, signal });
    io.out(format === "json" ? doctorJson(checks) : doctorText(checks, io));
    return checks.some(({ level }) => level === "fail") ? 1 : 0;
  },
});
