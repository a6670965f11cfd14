/** The buckets of the wire contract and the keys in them. The key is the authority: payloads that disagree are dropped. */
import { parseDeviceId, parseWireDeploymentName, type DeploymentName, type DeviceId } from "./names.ts";

/** The key-value buckets, without the fleet's `--bucket-prefix`. */
export const BUCKETS = {
  desiredState: "desired-state",
  deviceState: "device-state",
  deviceInfo: "device-info",
  deviceHeartbeat: "device-heartbeat",
  fleet: "fleet",
} as const;

/** One of the five bucket names. */
export type BucketName = (typeof BUCKETS)[keyof typeof BUCKETS];

/** Keys of the `fleet` bucket. */
export const RECONCILER_RECORD_KEY = "reconciler";
export const RECONCILER_LEASE_KEY = "lease.reconciler";

/** One deployment on one device: the unit of the whole product. */
export interface DevicePair {
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
}

/** `<device>.<deployment>` in `desired-state`. */
export function desiredKey(pair: DevicePair): string {
  return `${pair.device}.${pair.deployment}`;
}

/** `state.<device>.<deployment>` in `device-state`. */
export function stateKey(pair: DevicePair): string {
  return `state.${pair.device}.${pair.deployment}`;
}

/** `info.<device>` in `device-info`. */
export function infoKey(device: DeviceId): string {
  return `info.${device}`;
}

/** `heartbeat.<device>` in `device-heartbeat`. */
export function heartbeatKey(device: DeviceId): string {
  return `heartbeat.${device}`;
}

/** What a `desired-state` key names, or null for a foreign key. */
export function parseDesiredKey(key: string): DevicePair | null {
  const dot = key.indexOf(".");
  if (dot < 0) return null;
  return pairOf(key.slice(0, dot), key.slice(dot + 1));
}

/** What a `device-state` key names, or null for a foreign key. */
export function parseStateKey(key: string): DevicePair | null {
  return key.startsWith("state.") ? parseDesiredKey(key.slice("state.".length)) : null;
}

/** The device an `info.<device>` key names, or null. */
export function parseInfoKey(key: string): DeviceId | null {
  return key.startsWith("info.") ? parseDeviceId(key.slice("info.".length)) : null;
}

/** The device a `heartbeat.<device>` key names, or null. */
export function parseHeartbeatKey(key: string): DeviceId | null {
  return key.startsWith("heartbeat.") ? parseDeviceId(key.slice("heartbeat.".length)) : null;
}

function pairOf(deviceText: string, deploymentText: string): DevicePair | null {
  const device = parseDeviceId(deviceText);
  const deployment = parseWireDeploymentName(deploymentText);
  return device !== null && deployment !== null ? { device, deployment } : null;
}
