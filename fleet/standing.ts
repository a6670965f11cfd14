/** How one device stands with one deployment: what it adds to the aggregate. */
import type { DeviceId } from "#schema/names.ts";
import { parseWireTime, wireTime } from "#schema/time.ts";
import type { DeploymentState } from "#schema/wire.ts";

/** The newest failure. The message is a device's text: escape it where it is shown. */
export interface LastError {
  readonly device_id: DeviceId;
  readonly message: string;
  readonly at: string;
}

/** What is known about one deployment on one device. */
export interface PairFacts {
  readonly digest: string | null;
  readonly state: DeploymentState | null;
}

/** What is known about one device. */
export interface DeviceFacts {
  readonly offline: boolean;
  readonly paused: boolean;
}

/** What one device adds to an aggregate. */
export type Standing = "none" | "paused" | "succeeded" | "failed" | "pending";

/** A device counts where a value is desired for it. Its state counts where it is about that value. */
export function standingOf({ digest, state }: PairFacts, device: DeviceFacts): Standing {
  if (digest === null) return "none";
  if (device.paused) return "paused";
  if (state === null || !isAbout(state, digest)) return "pending";
  switch (state.phase) {
    case "Running":
      return "succeeded";
    case "Failed":
      return "failed";
    case "Pending":
      return "pending";
  }
}

/** True where a state is about this value, or does not say which it is about. */
export function isAbout(state: DeploymentState, digest: string): boolean {
  return state.desired_digest === undefined || state.desired_digest === digest;
}

/** The newer of two failures; of two at once, that of the lower id. */
export function newerError(a: LastError | null, b: LastError | null): LastError | null {
  if (a === null || b === null) return a ?? b;
  const difference = (parseWireTime(a.at) ?? 0) - (parseWireTime(b.at) ?? 0);
  return difference > 0 || (difference === 0 && a.device_id <= b.device_id) ? a : b;
}

/** The failure that a state tells. */
export function errorOf(device: DeviceId, state: DeploymentState): LastError {
  const atMs = parseWireTime(state.last_event_at);
  const at = atMs === null ? state.last_event_at : wireTime(atMs);
  return { device_id: device, message: failureText(state.last_error), at };
}

/** What a failure says of itself. */
export function failureText(lastError: string | null): string {
  return lastError ?? "it did not say why";
}
