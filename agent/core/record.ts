/** What the agent writes down about a deployment, so that it can go on after a power cut without network. */
import { z } from "zod";
import type { DeviceId } from "#schema/names.ts";
import { wireDeploymentNameSchema } from "#schema/wire.ts";
import { intentOf } from "./intent.ts";
import { isDeleted } from "./reports.ts";
import { ROLLED_BACK_PAUSES, pauseMs } from "./retry.ts";
import { newLocal, type Local, type RolledBack } from "./state.ts";

/** Raised when a record of an older agent can no longer be read. */
const RECORD_VERSION = 1;

const recordSchema = z.object({
  version: z.literal(RECORD_VERSION),
  device: z.string(),
  deployment: wireDeploymentNameSchema,
  /** The desired-state value as it was, or null after its delete marker. */
  desired: z.string().nullable(),
  accepted: z.string().nullable(),
  rolledBack: z.object({ digest: z.string(), error: z.string(), attempt: z.number() }).nullable(),
  images: z.object({ digest: z.string(), current: z.array(z.string()), previous: z.array(z.string()) }),
  pulled: z.object({ digest: z.string(), ids: z.record(z.string(), z.string()) }),
  /** What the bucket last acknowledged about it, as far as there was time to write it down. */
  acknowledged: z.string().nullable(),
});

/** The record of a deployment as text; null where there is nothing to remember. */
export function recordText(device: DeviceId, local: Local): string | null {
  const { name, intent, accepted, rolledBack, images, pulled, published } = local;
  if (intent === null || (local.gone && isDeleted(published))) return null;
  const record: z.infer<typeof recordSchema> = {
    version: RECORD_VERSION,
    device,
    deployment: name,
    desired: intent.kind === "remove" ? null : intent.text,
    accepted,
    rolledBack:
      rolledBack === null ? null : { digest: rolledBack.digest, error: rolledBack.error, attempt: rolledBack.attempt },
    images: { digest: images.digest, current: [...images.current], previous: [...images.previous] },
    pulled: { digest: pulled.digest, ids: Object.fromEntries(pulled.ids) },
    acknowledged: published.acknowledged,
  };
  return JSON.stringify(record);
}

/** The deployment that a record describes; null where the text is torn, of another version or of another device. */
export function localFromRecord(text: string, device: DeviceId, nowMs: number): Local | null {
  const record = parse(text);
  if (record === null || record.device !== device) return null;
  const local = newLocal(record.deployment, record.desired === null ? { kind: "remove" } : intentOf(record.desired));
  return {
    ...local,
    accepted: record.accepted,
    rolledBack: record.rolledBack === null ? null : restored(record.rolledBack, record.deployment, nowMs),
    images: record.images,
    pulled: { digest: record.pulled.digest, ids: new Map(Object.entries(record.pulled.ids)) },
    published: { ...local.published, acknowledged: record.acknowledged },
    saved: text,
  };
}

// The pause begins anew: the clock may have stood still or jumped while the machine was off.
function restored(rolledBack: Omit<RolledBack, "retryAtMs">, salt: string, nowMs: number): RolledBack {
  return { ...rolledBack, retryAtMs: nowMs + pauseMs(rolledBack.attempt, ROLLED_BACK_PAUSES, salt) };
}

function parse(text: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
