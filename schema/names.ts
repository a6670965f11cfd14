/** The names of things, each a branded type so that one cannot be passed for another. */
// Types only: the engine and the command line start without loading a validation library.
import type { z } from "zod";

/** RFC 1123 label: the form of device ids, authored deployment names and service names. */
export const RFC1123_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** A deployment name as it may stand on the wire: older writers used more than RFC 1123 labels. */
const WIRE_DEPLOYMENT_NAME = /^[^.*>\s]+$/u;
const WIRE_DEPLOYMENT_NAME_MAX_BYTES = 253;
/** One unit of a text becomes at most so many bytes. */
const UTF8_BYTES_MAX = 3;

/** What a fleet may put before every bucket name (`--bucket-prefix`). */
export const BUCKET_PREFIX = /^[A-Za-z0-9_-]{0,32}$/;

/** A device: RFC 1123 label, 1 to 63 characters. */
export type DeviceId = string & z.$brand<"DeviceId">;
/** A deployment: authored as an RFC 1123 label; on the wire anything that is one NATS subject token. */
export type DeploymentName = string & z.$brand<"DeploymentName">;

/** True where `text` is an RFC 1123 label of 1 to 63 characters. */
export function isRfc1123Label(text: string): boolean {
  return RFC1123_LABEL.test(text);
}

/** The device id that `text` is, or null where it breaks the rule. */
export function parseDeviceId(text: string): DeviceId | null {
  return isRfc1123Label(text) ? (text as DeviceId) : null;
}

/** The deployment name that `text` is on the wire (wider than what authors may write), or null. */
export function parseWireDeploymentName(text: string): DeploymentName | null {
  if (!WIRE_DEPLOYMENT_NAME.test(text)) return null;
  if (text.length * UTF8_BYTES_MAX <= WIRE_DEPLOYMENT_NAME_MAX_BYTES) return text as DeploymentName;
  return new TextEncoder().encode(text).length <= WIRE_DEPLOYMENT_NAME_MAX_BYTES ? (text as DeploymentName) : null;
}
