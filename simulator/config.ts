/** The settings of the simulator. */
import { z } from "zod";
import { natsOptionsSchema } from "#nats/options.ts";
import { durationSetting } from "#runtime/settings.ts";
import { isRfc1123Label } from "#schema/names.ts";

/** So many devices fit in one process. */
export const DEVICES_MAX = 100_000;

const INCIDENTS_MAX = 600_000;

export const settings = z.object({
  nats: natsOptionsSchema,
  devices: z
    .int()
    .min(1)
    .max(DEVICES_MAX)
    .optional()
    .meta({ description: "how many devices; with --from at most so many of those declared there" }),
  prefix: z
    .string()
    .refine((text) => isRfc1123Label(`${text}-000000`), "an id begins with it: use a-z, 0-9 and -, at most 56")
    .default("sim")
    .meta({ description: "what their ids begin with, as in sim-0001" }),
  from: z.string().optional().meta({
    description: "a fleet repository: simulate the devices declared there, with their labels",
    placeholder: "DIR",
  }),
  except: z
    .array(z.string())
    .default([])
    .meta({ description: "with --from: devices that are real, separated by commas", placeholder: "ID[,ID]" }),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "a label that every device reports; may be given many times", flag: "label" }),
  connections: z
    .int()
    .min(1)
    .max(DEVICES_MAX)
    .default(1)
    .meta({
      description:
        "connections to NATS that the devices share evenly; each follows the whole desired state for its devices, and with" +
        " one device only that device's keys",
    }),
  ownFeeds: z.boolean().default(false).meta({
    description: "each device follows its own keys alone, as a user with a device's rights must; costs the server more",
  }),
  rate: z
    .number()
    .positive()
    .optional()
    .meta({ description: "at most so many messages a second, over all devices (default: no bound)" }),
  delay: durationSetting("1s").meta({
    description: "from seeing a value to running it; each takes between half and one and a half times this",
  }),
  failPercent: z.number().min(0).max(100).default(0).meta({ description: "how many of 100 rollouts fail" }),
  seed: z.int().min(0).default(1).meta({
    description: "the same seed fails, restarts and disconnects the same devices in the same moments",
  }),
  restartsPerMinute: z.number().min(0).max(INCIDENTS_MAX).default(0).meta({
    description: "how many devices a minute restart their agent",
  }),
  disconnectsPerMinute: z.number().min(0).max(INCIDENTS_MAX).default(0).meta({
    description: "how many connections a minute are cut; they come back by themselves",
  }),
  heartbeatInterval: durationSetting("30s").meta({ description: "how often a device says that it is alive" }),
  duration: durationSetting("0s").meta({
    description: "ends by itself after so long; 0s: at Ctrl-C",
    defaultText: "0s",
  }),
  untilSettled: z.boolean().default(false).meta({
    description:
      "ends by itself once every value that is wanted has its last state, and nothing has changed for two seconds",
  }),
  replicas: z
    .int()
    .min(1)
    .max(5)
    .default(1)
    .meta({ description: "copies that a NATS cluster keeps, where buckets are made" }),
});

export type SimulatorSettings = z.output<typeof settings>;
