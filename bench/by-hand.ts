/** The same job without gitfleet: what git, NATS and podman themselves cost, by their own programs. */
import type { NatsLink } from "#nats/link.ts";
import { createWriter } from "#nats/writer.ts";
import { freePort } from "#sandbox/free-port.ts";
import type { LocalFleet } from "#sandbox/local-fleet.ts";
import { runCommand } from "#sandbox/run-command.ts";
import { followKey, nowMs } from "./bucket-clock.ts";
import type { Rounds } from "./by-gitfleet.ts";
import type { Round } from "./round.ts";

const KEY = "nobody.by-hand";
const CONTAINER = "by-hand";

/** Gives the function that does one round; `close` when done. */
export async function openByHand(fleet: LocalFleet, link: NatsLink): Promise<Rounds> {
  const clone = `${fleet.folder}/clone.git`;
  await runCommand("git", ["clone", "--quiet", "--bare", fleet.repository.path, clone]);
  const writer = createWriter(link);
  // A state of a device that is not there: no program acts on it.
  const states = await followKey(link, "device-state", `state.${KEY}`);
  const port = await freePort();
  const put = async (value: string): Promise<void> => {
    const result = await writer.write({ bucket: "device-state", key: `state.${KEY}`, value });
    if (result.kind !== "written") throw new Error(`the value was not written: ${result.kind}`);
  };
  const round = async (tag: "web:1" | "web:2"): Promise<Round> => {
    await fleet.repository.commit("By hand");
    const committedMs = nowMs();
    await runCommand("git", ["fetch", "--quiet", "origin", "+main:main"], { cwd: clone });
    await put(JSON.stringify({ desired: tag }));
    const keyMs = nowMs();
    await fleet.device.podman("rm", "--force", "--ignore", "--time", "2", CONTAINER);
    const image = fleet.registry.ref(tag);
    await fleet.device.podman("run", "--detach", "--init", "--name", CONTAINER, "--publish", `${port}:80`, image);
    const runningMs = nowMs();
    const value = JSON.stringify({ state: tag, at: runningMs });
    const seen = states.next((text) => text === value);
    await put(value);
    return { keyMs: keyMs - committedMs, runningMs: runningMs - keyMs, stateMs: (await seen) - runningMs };
  };
  const close = async (): Promise<void> => {
    await fleet.device.podman("rm", "--force", "--ignore", "--time", "0", CONTAINER);
    await states.stop();
    writer.close();
  };
  return { round, close };
}
