/** The reconciler's settings: flags, environment (`GITFLEET_…`) and file alike. */
import { z } from "zod";
import { LEASE_LEAST_MS, LEASE_MOST_MS } from "#nats/lease-value.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { listenSetting } from "#runtime/listen-address.ts";
import { INTERVAL_LEAST_MS, durationSetting } from "#runtime/settings.ts";

export const settings = z.object({
  repo: z.string().min(1).meta({
    description: "the fleet repository: an http(s) URL, or the path of a normal or bare repository",
    placeholder: "URL|PATH",
  }),
  branch: z.string().min(1).default("main").meta({ description: "the branch that is the truth" }),
  path: z
    .string()
    .default("")
    .meta({ description: "the folder of the repository that holds the fleet", placeholder: "DIR" }),
  pollInterval: durationSetting("30s", { leastMs: INTERVAL_LEAST_MS }).meta({
    description: "how often the repository is asked for news; POST /webhook asks at once",
  }),
  once: z
    .boolean()
    .default(false)
    .meta({ description: "do one pass and exit: 0 applied or in step, 1 refused or held, 3 failed" }),
  gitToken: z.string().optional().meta({
    description: "token that may read the repository; rather use --git-token-file or the environment",
    secret: true,
    placeholder: "TOKEN",
  }),
  gitTokenFile: z
    .string()
    .optional()
    .meta({ description: "file with the token, read again for each request", placeholder: "FILE" }),
  gitCa: z
    .string()
    .optional()
    .meta({ description: "file with certificates (PEM) to trust for git as well", placeholder: "FILE" }),
  gitTimeout: durationSetting("60s").meta({ description: "give up on a git server that sends nothing for this long" }),
  replicas: z
    .number()
    .int()
    .min(1)
    .max(5)
    .default(1)
    .meta({ description: "copies of the buckets that are created, in a NATS cluster" }),
  lease: durationSetting("3s", { leastMs: LEASE_LEAST_MS, mostMs: LEASE_MOST_MS }).meta({
    description: "how long another reconciler waits before it takes over from a silent one",
  }),
  listen: listenSetting("127.0.0.1:9280").meta({
    description: "where /healthz, /readyz, /metrics and /webhook answer, or off",
    placeholder: "ADDR|off",
  }),
  nats: natsOptionsSchema.prefault({}),
});

export type ReconcilerSettings = z.output<typeof settings>;
