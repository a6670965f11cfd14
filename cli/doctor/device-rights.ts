/** NATS as a device sees it: what it needs works, tried harmlessly, and its user is no wider than it must be. */
import { tryDeviceRights, type TriedRight } from "#nats/device-rights.ts";
import type { NatsLink } from "#nats/connect.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Check } from "./check.ts";
import { checkClock } from "./clock.ts";

const NAME = "nats rights";

export async function checkDeviceRights(link: NatsLink, device: DeviceId, signal: AbortSignal): Promise<Check[]> {
  const { needed, actsForOthers, clockOffsetMs } = await tryDeviceRights(link, device, signal);
  const failed = needed.filter((one) => one.failure !== null);
  const works: Check = { level: "ok", name: NAME, found: `${device} may do all that a device must` };
  return [
    ...(failed.length === 0 ? [works] : failed.map((one) => failure(one, device))),
    ...(actsForOthers ? [tooWide(device)] : []),
    ...(clockOffsetMs === null ? [] : [checkClock({ offsetMs: clockOffsetMs, whose: "the NATS server" })]),
  ];
}

function failure({ right, failure: why }: TriedRight, device: DeviceId): Check {
  const found = `${device} cannot ${right}: ${why?.message ?? ""}`;
  if (why?.advice === "wait") {
    return {
      level: "warn",
      name: NAME,
      found,
      todo: ["start the reconciler: it makes the buckets; or check --bucket-prefix"],
    };
  }
  const todo = [
    "give the device's user the subjects of its own keys, and --nats-inbox-prefix (and --nats-api-prefix, --nats-deliver-prefix)",
    "as that user expects them",
  ];
  return { level: "fail", name: NAME, found, todo };
}

function tooWide(device: DeviceId): Check {
  const todo = ["give each device a NATS user of its own that may write its own keys only"];
  return { level: "warn", name: NAME, found: `this user may also speak for devices other than ${device}`, todo };
}
