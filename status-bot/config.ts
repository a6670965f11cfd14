/** The settings of the status bot. */
import { z } from "zod";
import { natsOptionsSchema } from "#nats/options.ts";
import { listenSetting } from "#runtime/listen-address.ts";
import { INTERVAL_LEAST_MS, durationSetting } from "#runtime/settings.ts";

export const settings = z.object({
  repo: z.string().min(1).meta({
    description: "the fleet repository: an http(s) URL or a local path; status files are pushed there",
    placeholder: "URL|PATH",
  }),
  branch: z.string().min(1).default("main").meta({ description: "the tracked branch", placeholder: "NAME" }),
  path: z.string().default("").meta({ description: "folder of the fleet within the repository", placeholder: "DIR" }),
  github: z.string().optional().meta({
    description:
      "the repository on GitHub, for pull requests and commit statuses; without it only status files are written",
    placeholder: "OWNER/REPO",
  }),
  githubUrl: z
    .url()
    .default("https://api.github.com")
    .meta({ description: "GitHub's API; of an enterprise server https://HOST/api/v3", placeholder: "URL" }),
  githubTokenFile: z.string().optional().meta({
    description: "file with the token for GitHub's API, read again for each call (default: that of git)",
    placeholder: "FILE",
  }),
  githubToken: z
    .string()
    .optional()
    .meta({ description: "the token itself; better in the environment than on a command line", secret: true }),
  githubAppId: z.string().optional().meta({ description: "act as this GitHub App instead", placeholder: "ID" }),
  githubAppKeyFile: z.string().optional().meta({ description: "the App's private key (PEM)", placeholder: "FILE" }),
  gitTokenFile: z.string().optional().meta({
    description: "file with the token for git over http(s), read again for each request (default: that of GitHub)",
    placeholder: "FILE",
  }),
  gitToken: z
    .string()
    .optional()
    .meta({ description: "the token itself; better in the environment than on a command line", secret: true }),
  gitCa: z.string().optional().meta({
    description: "certificates of the authorities that the git server's certificate may come from (PEM)",
    placeholder: "FILE",
  }),
  webhookSecretFile: z.string().optional().meta({
    description: "file with the secret of GitHub's webhook: POST /webhook then wakes the bot",
    placeholder: "FILE",
  }),
  pollInterval: durationSetting("30s", { leastMs: INTERVAL_LEAST_MS }).meta({
    description: "how often git and GitHub are asked what is new",
  }),
  dryRun: z.boolean().default(false).meta({ description: "print every write instead of making it" }),
  nats: natsOptionsSchema.prefault({}),
  listen: listenSetting("127.0.0.1:9281").meta({
    description: "where /healthz, /readyz, /metrics and POST /webhook answer, or off",
    placeholder: "ADDR|off",
  }),
});

export type StatusBotSettings = z.output<typeof settings>;
