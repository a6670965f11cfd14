/** What devices and the reconciler say over NATS. Lenient readers (unknown fields pass), exact writers. */
import { z } from "zod";
import { parseWireDeploymentName, RFC1123_LABEL } from "./names.ts";
import { parseWireTime } from "./time.ts";

/** A device's labels are at most this many on the wire. */
export const WIRE_LABELS_MAX = 64;
/** `last_error` is one line of at most this many bytes. */
export const LAST_ERROR_MAX_BYTES = 1_024;
/** Messages in buckets that devices write are at most this large. */
export const DEVICE_MESSAGE_MAX_BYTES = 16 * 1_024;

/** Parses a device id at an edge: payloads, options. */
export const deviceIdSchema = z
  .string()
  .regex(RFC1123_LABEL, "a device id is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit")
  .brand<"DeviceId">();

/** Parses a deployment name from the wire. */
export const wireDeploymentNameSchema = z
  .string()
  .refine((text) => parseWireDeploymentName(text) !== null, "not a deployment name")
  .brand<"DeploymentName">();

/** Accepts the times that other writers may send; keeps the text as it is. */
export const wireTimeSchema = z.string().refine((text) => parseWireTime(text) !== null, "not an RFC 3339 time");

/** `sha256:` and 64 lower-case hex digits. */
export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Pending: seen, not yet there. Running: every service up and healthy. Failed: see `last_error`. */
export const phaseSchema = z.enum(["Pending", "Running", "Failed"]);
export type Phase = z.infer<typeof phaseSchema>;

/** `state.<device>.<deployment>` in `device-state`, written by the agent. */
export const deploymentStateSchema = z.object({
  device_id: deviceIdSchema,
  deployment: wireDeploymentNameSchema,
  phase: phaseSchema,
  last_event_at: wireTimeSchema,
  last_error: z
    .string()
    .nullish()
    .transform((text) => text ?? null),
  /** The digest of the desired-state value this state is about; older agents leave it out. */
  desired_digest: digestSchema.optional(),
});
export type DeploymentState = z.infer<typeof deploymentStateSchema>;

const labelsSchema = z
  .record(z.string(), z.string())
  .refine((labels) => Object.keys(labels).length <= WIRE_LABELS_MAX, `more than ${WIRE_LABELS_MAX} labels`);

/** What a device is made of. Each field may be missing: other agents know less. */
export const inventorySchema = z.object({
  hostname: z.string().optional(),
  arch: z.string().optional(),
  os: z.string().optional(),
  kernel: z.string().optional(),
  cpu_cores: z.number().optional(),
  memory_mb: z.number().optional(),
  disk_mb: z.number().optional(),
  agent_version: z.string().optional(),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** `info.<device>` in `device-info`, written by the agent at start and when it changes. */
export const deviceInfoSchema = z.object({
  device_id: deviceIdSchema,
  labels: labelsSchema,
  inventory: inventorySchema.nullish(),
  updated_at: wireTimeSchema,
  /** Additive: since when the agent sees another one write under its device id; only while it does. */
  duplicate_since: wireTimeSchema.optional(),
});
export type DeviceInfo = z.infer<typeof deviceInfoSchema>;

/** `heartbeat.<device>` in `device-heartbeat`, every 30 seconds. */
export const heartbeatSchema = z.object({ device_id: deviceIdSchema, at: wireTimeSchema });
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** Why head is not applied. `invalid`: the commit has problems; `held`: it would remove too much. */
export const refusalSchema = z.object({
  commit: z.string(),
  reason: z.enum(["invalid", "held"]),
  message: z.string(),
  /** How many problems the commit has (`invalid`). */
  problems: z.number(),
  /** How many keys it would remove, and out of how many (`held`). */
  removes: z.number(),
  of: z.number(),
});
export type Refusal = z.infer<typeof refusalSchema>;

/** `reconciler` in the `fleet` bucket: the only way readers learn about commits. */
export const reconcilerRecordSchema = z.object({
  fleet: z.string(),
  branch: z.string(),
  /** The newest commit seen on the branch. */
  head: z.string().nullable(),
  /** The commit the bucket mirrors. */
  applied: z.string().nullable(),
  /** The commit being written right now, null between passes. */
  applying: z.string().nullable(),
  applied_at: wireTimeSchema.nullable(),
  refused: refusalSchema.nullable(),
  desired_keys: z.number(),
  /** Additive: what is frozen, so that readers without the repository can tell and count; only when true or not empty, bounded. */
  paused: z.boolean().optional(),
  paused_devices: z.array(z.string()).optional(),
  paused_deployments: z.array(z.string()).optional(),
  /** Additive: devices that fail a rule and keep their keys as they are, how many and the first of them with the reason. */
  withheld: z
    .object({ total: z.number(), devices: z.array(z.object({ device_id: z.string(), reason: z.string() })) })
    .optional(),
  /** Additive: the fleet's `offlineAfter`; only when it is not the default of 90. */
  offline_after_seconds: z.number().optional(),
});
export type ReconcilerRecord = z.infer<typeof reconcilerRecordSchema>;
