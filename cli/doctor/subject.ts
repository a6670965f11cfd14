/** What doctor looks at: a device by the settings of its agent, or this machine as a place to work from. */
import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { z } from "zod";
import { deviceSettings, settings as agentSettings } from "#agent/config.ts";
import { SYSTEM_PLACES, userPlaces } from "#agent/install/places.ts";
import { asFlags, fileSettings, optionalOnes } from "#agent/install/request.ts";
import type { FileValues } from "#agent/install/settings-file.ts";
import { natsOptionsSchema, type NatsOptions } from "#nats/options.ts";
import { loadConfig } from "#runtime/config.ts";
import { UsageError } from "#runtime/errors.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Check } from "./check.ts";

const looked = z.object({
  deviceId: deviceSettings.deviceId.optional(),
  podman: deviceSettings.podman,
  stateDir: agentSettings.shape.stateDir,
  nats: natsOptionsSchema,
});

/** Each may be left out: then the agent's settings file says it. */
export const subjectSettings = optionalOnes(looked);

/** What is looked at. */
export interface Subject {
  /** Null where this is no device. */
  readonly device: DeviceId | null;
  readonly podman: string | undefined;
  readonly stateDir: string;
  readonly nats: NatsOptions;
  /** About the settings file itself; none where there is no file. */
  readonly checks: readonly Check[];
}

/** Where the agent's settings are: the file that was named, else that of an installed agent, else none. */
function settingsFile(named: string | undefined, env: Readonly<Record<string, string | undefined>>): string | null {
  if (named !== undefined) return named;
  const installed = [SYSTEM_PLACES.config, userPlaces({ folder: homedir(), env }).config];
  return installed.find((path) => existsSync(path)) ?? null;
}

/** Settings that cannot be read are a finding, not the end: all else is still looked at. Wrong options throw a UsageError. */
export async function subjectOf(
  given: FileValues,
  config: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Subject> {
  const flags = asFlags(given);
  const file = settingsFile(config, env);
  const { deviceId: device = null, ...rest } = await loadConfig(looked, { flags, env: {}, file: null });
  const without = { device, podman: rest.podman, stateDir: rest.stateDir, nats: rest.nats };
  if (file === null) return { ...without, checks: [] };
  try {
    accessSync(file, constants.R_OK);
    // The options are right, or the lines above had thrown: what is wrong now is in the file.
    const { deviceId, podman, stateDir, nats } = await loadConfig(fileSettings, { flags, env: {}, file });
    const ok: Check = { level: "ok", name: "settings", found: `${file}: device ${deviceId}` };
    return { device: deviceId, podman, stateDir, nats, checks: [ok] };
  } catch (error) {
    return { ...without, checks: [unusable(file, error)] };
  }
}

function unusable(file: string, error: unknown): Check {
  const name = "settings";
  if (error instanceof UsageError) {
    return {
      level: "fail",
      name,
      found: error.message,
      todo: [error.hint ?? "`gitfleet agent --help` lists the settings"],
    };
  }
  return { level: "warn", name, found: `${file} cannot be read by this user`, todo: ["run this with sudo"] };
}
