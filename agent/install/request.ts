/** From the options of `agent install` to what is wanted: checked by the agent's own settings, files named where the device keeps them. */
import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { loadConfig, type FlagValues } from "#runtime/config.ts";
import { UsageError } from "#runtime/errors.ts";
import { logSettings, settingsOf, type Setting } from "#runtime/settings.ts";
import { settings as agentSettings } from "../config.ts";
import type { Places } from "./places.ts";
import type { FileValue, FileValues } from "./settings-file.ts";

/** All that may stand in the agent's settings file. */
export const fileSettings = z.object({ ...agentSettings.shape, ...logSettings });

const FILES: Readonly<Record<string, string>> = {
  "nats-creds": "nats.creds",
  "nats-ca": "nats-ca.pem",
  "nats-cert": "nats-cert.pem",
  "nats-key": "nats-key.pem",
};

/** Settings as options that may all be left out, each taken as it is written; `loadConfig` checks them later. */
export function optionalOnes(settings: z.ZodObject): Record<string, z.ZodType> {
  return Object.fromEntries(
    settingsOf(settings).map((setting) => [
      setting.name,
      asWritten(setting)
        .optional()
        .meta({
          description: setting.description,
          flag: setting.name,
          placeholder: setting.choices?.join("|") ?? setting.placeholder,
        }),
    ]),
  );
}

function asWritten({ kind }: Setting): z.ZodType {
  switch (kind) {
    case "switch":
      return z.boolean();
    case "number":
      return z.number();
    case "list":
      return z.array(z.string());
    case "pairs":
      return z.record(z.string(), z.string());
    case "text":
      return z.string();
  }
}

/** The settings that were given, with each file where the device keeps it. */
export interface Request {
  readonly given: FileValues;
  readonly credentials: readonly { readonly from: string; readonly to: string }[];
}

/** Sorts what was given; `cwd` is what relative paths are relative to. */
export function requestOf(options: Readonly<Record<string, unknown>>, places: Places, cwd: string): Request {
  const given: Record<string, FileValue> = {};
  const credentials: { from: string; to: string }[] = [];
  for (const { name } of settingsOf(fileSettings)) {
    const value = options[name] as FileValue | undefined;
    if (value === undefined) continue;
    const file = FILES[name];
    if (file === undefined || typeof value !== "string") given[name === "label" ? "labels" : name] = value;
    else {
      const from = resolve(cwd, value);
      const to = from.startsWith(`${places.credentials}/`) ? from : `${places.credentials}/${file}`;
      credentials.push({ from, to });
      given[name] = to;
    }
  }
  const stateDir = given["state-dir"];
  if (typeof stateDir === "string" && !isAbsolute(stateDir))
    throw new UsageError(`--state-dir: "${stateDir}" is not an absolute path, and a service has no current folder`);
  return { given, credentials };
}

/** The settings that the agent would run with. Throws the UsageError that it would end with. */
export async function effective(given: FileValues, file: string | null): Promise<z.output<typeof fileSettings>> {
  return await loadConfig(fileSettings, { flags: asFlags(given), env: {}, file });
}

/** As if they stood on the command line. */
export function asFlags(given: FileValues): FlagValues {
  return new Map(Object.entries(given).map(([key, value]) => [key === "labels" ? "label" : key, texts(value)]));
}

function texts(value: FileValue): readonly string[] {
  if (Array.isArray(value)) return value as string[];
  if (typeof value === "object") return Object.entries(value).map(([key, text]) => `${key}=${text}`);
  return [String(value)];
}
