/** The agent: desired state → podman → device-state. Reads what it is given and starts; decides nothing. */
import type { z } from "zod";
import { OutsideError } from "#runtime/errors.ts";
import type { Logger } from "#runtime/logger.ts";
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import type { DeviceId } from "#schema/names.ts";
import { Agent, steadyClock } from "./agent.ts";
import { settings, type AgentSettings } from "./config.ts";
import { newState, type State } from "./core/state.ts";
import { openStateFolder, type StateFolder } from "./disk/state-folder.ts";
import { inventory } from "./inventory.ts";
import type { DeviceFacts } from "./publisher.ts";
import { restore } from "./restore.ts";

export { settings };

/** Runs until `signal` aborts; containers run on. Gives the exit code. */
export async function run(
  given: z.output<typeof settings>,
  { signal, logger }: { signal: AbortSignal; logger: Logger; stdout?: unknown },
): Promise<0> {
  const folder = await stateFolder(given.stateDir, given.deviceId);
  const facts: DeviceFacts = {
    device: given.deviceId,
    labels: given.labels,
    inventory: await inventory(given.stateDir),
  };
  const agent = new Agent(given, facts, { folder, logger, signal });
  await agent.run(await restore(folder, initialState(given, facts), { logger, nowMs: steadyClock.nowMs() }));
  return 0;
}

function initialState(given: AgentSettings, facts: DeviceFacts): State {
  const identity = canonicalJson({ labels: facts.labels, inventory: facts.inventory as JsonValue });
  return newState(
    {
      device: given.deviceId,
      heartbeatIntervalMs: given.heartbeatInterval,
      resyncIntervalMs: given.resyncInterval,
      stableForMs: given.stableFor,
      startLimitMs: given.startLimit,
    },
    identity,
    steadyClock.nowMs(),
  );
}

async function stateFolder(path: string, device: DeviceId): Promise<StateFolder> {
  try {
    return await openStateFolder(path, device);
  } catch (cause) {
    throw new OutsideError(`cannot use the state folder ${path}`, {
      hint: "Make it writable for this user, or name another with --state-dir.",
      cause,
    });
  }
}
