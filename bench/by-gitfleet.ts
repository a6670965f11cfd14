/** One round of the main job by gitfleet: a commit becomes a running container, and the truth comes back. */
import { mainName } from "#agent/core/names.ts";
import { FleetObserver } from "#cli/demo/observer.ts";
import type { NatsLink } from "#nats/link.ts";
import { desiredKey, stateKey } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { helloDeployment, REAL_DEVICE } from "#sandbox/fleet-repository.ts";
import type { LocalFleet } from "#sandbox/local-fleet.ts";
import { followKey, fromWallMs, nowMs, type BucketClock } from "./bucket-clock.ts";
import type { Round } from "./round.ts";

const PAIR = { device: REAL_DEVICE as DeviceId, deployment: "hello" as DeploymentName };
const HELLO = "deployments/hello.yaml";

/** Gives the function that does one round; `close` when done. */
export async function openGitfleet(fleet: LocalFleet, link: NatsLink): Promise<Rounds> {
  const keys = await followKey(link, "desired-state", desiredKey(PAIR));
  const states = await followKey(link, "device-state", stateKey(PAIR));
  const observer = await FleetObserver.open(fleet, new AbortController().signal);
  const close = async (): Promise<void> => {
    await Promise.all([keys.stop(), states.stop(), observer.close()]);
  };
  return { round: async (tag) => await roundOf({ fleet, observer, keys, states }, tag), close };
}

export interface Rounds {
  readonly round: (tag: "web:1" | "web:2") => Promise<Round>;
  readonly close: () => Promise<void>;
}

interface Parts {
  readonly fleet: LocalFleet;
  readonly observer: FleetObserver;
  readonly keys: BucketClock;
  readonly states: BucketClock;
}

async function roundOf({ fleet, observer, keys, states }: Parts, tag: "web:1" | "web:2"): Promise<Round> {
  const image = fleet.registry.ref(tag);
  fleet.repository.write(HELLO, helloDeployment({ image, port: fleet.port }));
  const key = keys.next((text) => text.includes(image));
  const wasPending = states.next((text) => text.includes('"Pending"'));
  const commit = await fleet.repository.commit(`Run ${tag}`);
  const committedMs = nowMs();
  // As a forge does: the poll alone would measure the poll interval.
  await fetch(`http://127.0.0.1:${fleet.metricsPort}/webhook`, { method: "POST" });
  const keyMs = await key;
  await wasPending;
  const stateMs = await states.next((text) => text.includes('"Running"'));
  await observer.allRunning(commit, observer.wanted());
  const runningMs = await startedAtMs(fleet);
  return { keyMs: keyMs - committedMs, runningMs: runningMs - keyMs, stateMs: stateMs - runningMs };
}

/** When podman says that the container was started. */
async function startedAtMs(fleet: LocalFleet): Promise<number> {
  const container = mainName(PAIR.deployment, "web");
  const inspected = JSON.parse(await fleet.device.podman("inspect", container)) as { State: { StartedAt: string } }[];
  return fromWallMs(parseNanoseconds(inspected[0]?.State.StartedAt ?? ""));
}

// Date keeps milliseconds only; podman writes nine digits.
function parseNanoseconds(text: string): number {
  const [, whole = "", fraction = "0", zone = "Z"] = /^(.{19})(?:\.(\d+))?(.*)$/.exec(text) ?? [];
  return Date.parse(`${whole}${zone}`) + Number(`0.${fraction}`) * 1_000;
}
