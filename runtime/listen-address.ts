/** Where a program answers over HTTP: `host:port` or `off`, as a setting and in its parts. */
import { z } from "zod";
import { UsageError } from "./errors.ts";

/** The setting `listen`; what is no address is refused before anything starts, or is installed. */
export function listenSetting(defaultText: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .refine((text) => text === "off" || partsOf(text) !== null, {
      error: ({ input }) => `"${String(input)}" is no address: write host:port, or off`,
    })
    .default(defaultText);
}

/** `127.0.0.1:9280`, `[::1]:9280` or `:9280` (all addresses) in its parts. Throws a UsageError. */
export function parseListen(text: string): ListenAddress {
  const parts = partsOf(text);
  if (parts === null)
    throw new UsageError(`"${text}" is not an address to listen on`, { hint: "Write host:port, or off." });
  return parts;
}

/** No host: all addresses. */
interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

function partsOf(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  return { host: match[1] ?? (match[2] === "" ? undefined : match[2]), port };
}
