/** NATS: reachable, new enough, with JetStream and the buckets as this version would make them; or as a device needs it. */
import { compareBuckets } from "#nats/buckets.ts";
import type { NatsLink } from "#nats/connect.ts";
import { printableServers, type NatsOptions } from "#nats/options.ts";
import { NatsFailure } from "#nats/errors.ts";
import { OutsideError, errorText } from "#runtime/errors.ts";
import type { DeviceId } from "#schema/names.ts";
import { connect, serverClockOffsetMs } from "../nats-session.ts";
import { atLeast, versionOf, type Check } from "./check.ts";
import { checkClock } from "./clock.ts";
import { checkDeviceRights } from "./device-rights.ts";

const SERVER_LEAST = [2, 9];
const SERVER_RECOMMENDED = [2, 15];

// How many copies are right is the reconciler's business (--replicas): a difference in it is not looked at.
const REPLICAS_ANY = 1;

/** Everything about NATS; where there is no connection that alone. With a device, all is tried as that device. */
export async function checkNats(nats: NatsOptions, device: DeviceId | null, signal: AbortSignal): Promise<Check[]> {
  let link: NatsLink;
  try {
    link = await connect(nats, signal);
  } catch (error) {
    const itself =
      error instanceof OutsideError && error.cause instanceof NatsFailure && error.cause.advice === "person";
    const todo = itself
      ? ["mend that, or name another server with --nats (GITFLEET_NATS) and --nats-creds"]
      : ["start nats-server -js, or name another with --nats (GITFLEET_NATS) and --nats-creds"];
    return [{ level: "fail", name: "nats", found: errorText(error), todo }];
  }
  try {
    const more = device === null ? buckets(link) : checkDeviceRights(link, device, signal);
    return [await reachable(link), serverVersion(link), ...(await more)];
  } catch (error) {
    return [
      {
        level: "fail",
        name: "nats",
        found: errorText(error),
        todo: ["see whether nats-server is well, and try again"],
      },
    ];
  } finally {
    await link.close();
  }
}

async function reachable(link: NatsLink): Promise<Check> {
  const rttMs = await link.rttMs();
  return { level: "ok", name: "nats", found: `${printableServers(link.options)} answers in ${rttMs.toFixed(1)} ms` };
}

function serverVersion(link: NatsLink): Check {
  const text = link.serverVersion() ?? "unknown";
  const version = versionOf(text) ?? [];
  const name = "nats version";
  if (atLeast(version, SERVER_RECOMMENDED)) return { level: "ok", name, found: text };
  const why =
    "run nats-server 2.15 or newer: before it, a device with its own permissions can crash the server, and on 2.9 each " +
    "device that connects stalls a large fleet";
  return { level: atLeast(version, SERVER_LEAST) ? "warn" : "fail", name, found: text, todo: [why] };
}

async function buckets(link: NatsLink): Promise<Check[]> {
  try {
    const { missing, differences } = await compareBuckets(link, { replicas: REPLICAS_ANY });
    return [missingCheck(link, missing), ...differencesCheck(differences), ...(await clock(link))];
  } catch (error) {
    const todo = [
      "enable JetStream in the server (nats-server -js, or jetstream {} in its configuration)",
      "with a device's user, say which device: --device-id ID",
    ];
    return [{ level: "fail", name: "jetstream", found: errorText(error), todo }];
  }
}

function missingCheck(link: NatsLink, missing: readonly string[]): Check {
  const prefix = link.options.bucketPrefix;
  const name = "buckets";
  if (missing.length === 0)
    return { level: "ok", name, found: `all there${prefix === "" ? "" : ` (prefix ${prefix})`}` };
  const found = `missing: ${missing.map((bucket) => prefix + bucket).join(", ")}`;
  return { level: "warn", name, found, todo: ["start the reconciler: it makes them; or check --bucket-prefix"] };
}

function differencesCheck(differences: Awaited<ReturnType<typeof compareBuckets>>["differences"]): Check[] {
  return differences
    .filter(({ setting }) => setting !== "num_replicas")
    .map(({ bucket, setting, wanted, found }) => ({
      level: "warn",
      name: "buckets",
      found: `${bucket}: ${setting} is ${found}, not ${wanted}`,
      todo: [`nats stream edit KV_${bucket}, or delete the bucket and let the reconciler make it anew`],
    }));
}

// Servers before 2.10 do not tell their time.
async function clock(link: NatsLink): Promise<Check[]> {
  const offsetMs = await serverClockOffsetMs(link);
  return offsetMs === 0 ? [] : [checkClock({ offsetMs, whose: "the NATS server" })];
}
