/** What doctor looks at: a device by the settings of its agent, or this machine as a place to work from. */
import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { z } from "zod";
import { deviceSettings, settings as agentSettings } from "#agent/config.ts";
import { SYSTEM_PLACES, userPlaces, type Places } from "#agent/install/places.ts";
import { asFlags, fileSettings, optionalOnes } from "#agent/install/request.ts";
import type { FileValues } from "#agent/install/settings-file.ts";
import { natsOptionsSchema, type NatsOptions } from "#nats/options.ts";
import { loadConfig } from "#runtime/config.ts";
import { UsageError, errorCode } from "#runtime/errors.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Check } from "./check.ts";
import { checkService } from "./service.ts";

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
  /** About the settings file itself and the service that reads it; none where there is no file. */
  readonly checks: readonly Check[];
}

/** Where the agent of this user is installed, else that of the machine; null where neither is. */
function installedPlaces(env: Readonly<Record<string, string | undefined>>): Places | null {
  const user = userPlaces({ folder: homedir(), env });
  return [user, SYSTEM_PLACES].find(({ config }) => existsSync(config)) ?? null;
}

/** Settings that cannot be read are a finding, not the end: all else is still looked at. Wrong options throw a UsageError. */
export async function subjectOf(
  given: FileValues,
  config: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Subject> {
  const flags = asFlags(given);
  const places = config === undefined ? installedPlaces(env) : null;
  const file = config ?? places?.config ?? null;
  const { deviceId: device = null, ...rest } = await loadConfig(looked, { flags, env: {}, file: null });
  const without = { device, podman: rest.podman, stateDir: rest.stateDir, nats: rest.nats };
  if (file === null) return { ...without, checks: [] };
  try {
    accessSync(file, constants.R_OK);
    // The options are right, or the lines above had thrown: what is wrong now is in the file.
    const { deviceId, podman, stateDir, nats } = await loadConfig(fileSettings, { flags, env: {}, file });
    const ok: Check = { level: "ok", name: "settings", found: `${file}: device ${deviceId}` };
    const service = places === null ? [] : await checkService(places);
    return { device: deviceId, podman, stateDir, nats, checks: [ok, ...service] };
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
  if (errorCode(error) === "ENOENT")
    return { level: "fail", name, found: `there is no file ${file}`, todo: ["check --config"] };
  return { level: "warn", name, found: `${file} cannot be read by this user`, todo: ["run this with sudo"] };
}
