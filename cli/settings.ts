/** Settings that several commands share. */
import { z } from "zod";

/** `--format`, the first of the choices when nobody says otherwise. */
export function formatSetting<const T extends readonly [string, ...string[]]>(choices: T) {
  return z
    .enum(choices)
    .default(choices[0] as never)
    .meta({ description: "form of what is printed on stdout" });
}

/** The `[dir]` argument. */
export const DIR_ARGUMENT = {
  name: "dir",
  required: false,
  description: "the fleet repository's folder: a checkout or a plain folder (default: the current one)",
} as const;
