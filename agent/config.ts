/** The settings of the agent. */
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { natsOptionsSchema } from "#nats/options.ts";
import { listenSetting } from "#runtime/listen-address.ts";
import { INTERVAL_LEAST_MS, durationSetting } from "#runtime/settings.ts";
import { labelKeyFault, labelValueFault } from "#schema/labels.ts";
import { isRfc1123Label, type DeviceId } from "#schema/names.ts";
import { WIRE_LABELS_MAX } from "#schema/wire.ts";
import { socketPathOf } from "./podman/client.ts";

/** Device-info is one message of at most 16 KiB, and the inventory is in it, too. */
const LABELS_MAX_BYTES = 12 * 1_024;

/** Where the agent keeps what it must know after a power cut. */
export function defaultStateDir(): string {
  if (process.getuid?.() === 0) return "/var/lib/gitfleet";
  return join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"), "gitfleet");
}

const labels = z
  .record(z.string(), z.string())
  .superRefine((given, context) => {
    for (const [key, value] of Object.entries(given)) {
      const fault = labelKeyFault(key) ?? labelValueFault(value);
      if (fault !== null) context.addIssue({ code: "custom", message: `"${key}=${value}": ${fault}` });
    }
    if (Object.keys(given).length > WIRE_LABELS_MAX)
      context.addIssue({ code: "custom", message: `at most ${WIRE_LABELS_MAX} labels` });
    else if (Buffer.byteLength(JSON.stringify(given)) > LABELS_MAX_BYTES)
      context.addIssue({ code: "custom", message: `all labels together have at most ${LABELS_MAX_BYTES} bytes` });
  })
  .default({})
  .meta({ description: "a label that this device reports; may be given many times", flag: "label" });

/** The kernel takes no longer path for a socket. */
const SOCKET_PATH_MAX_BYTES = 107;

const podmanSocketSetting = z
  .string()
  .min(1)
  .refine(
    (text) => text.startsWith("unix:") || !/^[a-z]+:\/\//i.test(text),
    "podman is reached by a socket on this machine: write its path, or unix:///path",
  )
  .refine(
    (text) => Buffer.byteLength(socketPathOf(text)) <= SOCKET_PATH_MAX_BYTES,
    `the path of a socket has at most ${SOCKET_PATH_MAX_BYTES} bytes`,
  );

/** What the podman side needs, also without NATS: `agent logs` and `agent volumes`. */
export const deviceSettings = {
  deviceId: z
    .string()
    .refine(isRfc1123Label, "a device id is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit")
    .transform((text) => text as DeviceId)
    .meta({ description: "the name of this device in the fleet repository", placeholder: "ID" }),
  podman: podmanSocketSetting.optional().meta({
    description: "podman's API socket; the usual places of root and of this user when left out",
    placeholder: "SOCKET",
  }),
};

export const settings = z.object({
  ...deviceSettings,
  labels,
  nats: natsOptionsSchema,
  stateDir: z.string().min(1).default(defaultStateDir).meta({
    description: "where the desired state is kept for a start without network",
    placeholder: "DIR",
    defaultText: "/var/lib/gitfleet",
  }),
  heartbeatInterval: durationSetting("30s", { leastMs: INTERVAL_LEAST_MS }).meta({
    description: "how often the device says that it is alive",
  }),
  resyncInterval: durationSetting("60s", { leastMs: INTERVAL_LEAST_MS }).meta({
    description: "how often podman is compared with the desired state, events or not",
  }),
  stableFor: durationSetting("2s").meta({
    description: "how long a new container without a health check must be up before the old one goes",
  }),
  startLimit: durationSetting("60s").meta({
    description: "after this, a new container that does not listen on its published ports has failed",
  }),
  listen: listenSetting("off").meta({
    description: "address of /healthz, /readyz and /metrics",
    placeholder: "ADDR|off",
  }),
});

export type AgentSettings = z.output<typeof settings>;
