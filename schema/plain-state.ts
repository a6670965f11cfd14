/**
 * States as nearly all of them are: well-formed, about whom their key names, without an error. They are recognised here,
 * a million of them in a second; whatever else there is, the schema judges.
 */
import type { DevicePair } from "./keys.ts";
import { parseWireTime } from "./time.ts";
import type { DeploymentState, Phase } from "./wire.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * The state that a payload is, the same as its schema would give; null where only the schema can tell. A digest that is
 * `likelyDigest` need not be looked at more closely.
 */
export function plainDeploymentState(
  payload: unknown,
  { device, deployment }: DevicePair,
  likelyDigest: string | null = null,
): DeploymentState | null {
  if (typeof payload !== "object" || payload === null) return null;
  const told = payload as Readonly<Record<string, unknown>>;
  if (told["device_id"] !== device || told["deployment"] !== deployment) return null;
  const { phase, last_event_at, last_error, desired_digest } = told;
  if (!isPhase(phase) || typeof last_event_at !== "string" || !isWireTime(last_event_at)) return null;
  if (last_error !== null && last_error !== undefined) return null;
  if (desired_digest === undefined) return { device_id: device, deployment, phase, last_event_at, last_error: null };
  if (typeof desired_digest !== "string") return null;
  if (desired_digest !== likelyDigest && !DIGEST.test(desired_digest)) return null;
  return { device_id: device, deployment, phase, last_event_at, last_error: null, desired_digest };
}

function isPhase(value: unknown): value is Phase {
  return value === "Running" || value === "Pending" || value === "Failed";
}

let lastTime = "";

/** Many states come in one second: they bear the same time. */
function isWireTime(text: string): boolean {
  if (text === lastTime) return true;
  if (parseWireTime(text) === null) return false;
  lastTime = text;
  return true;
}
