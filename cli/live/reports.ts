/** The labels that devices said about themselves, read once. */
import type { ReportedDevices } from "#fleet/desired.ts";
import type { NatsLink } from "#nats/link.ts";
import type { NatsOptions } from "#nats/options.ts";
import { parseInfoKey } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { deviceInfoSchema } from "#schema/wire.ts";
import { withNats } from "../nats-session.ts";
import { readBucket } from "./read-bucket.ts";

/** Connects, reads, closes. */
export async function readReports(nats: NatsOptions, signal: AbortSignal): Promise<ReportedDevices> {
  return withNats({ nats, signal, buckets: ["device-info"] }, (link) => reportsOf(link, signal));
}

/** Reads device-info over a connection; payloads that are not what their key says are left out. */
export async function reportsOf(link: NatsLink, signal: AbortSignal): Promise<ReportedDevices> {
  const reports = new Map<DeviceId, ReadonlyMap<string, string>>();
  for (const [key, value] of await readBucket(link, "device-info", signal)) {
    const device = parseInfoKey(key);
    const info = device === null ? null : infoOf(value);
    if (device !== null && info?.device_id === device) reports.set(device, new Map(Object.entries(info.labels)));
  }
  return reports;
}

function infoOf(value: Uint8Array) {
  try {
    return deviceInfoSchema.safeParse(JSON.parse(new TextDecoder().decode(value))).data ?? null;
  } catch {
    return null;
  }
}
