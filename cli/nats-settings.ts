/** The `--nats …` settings. Apart from the connection, so that help and offline commands do not load a client. */
import { z } from "zod";
import { natsOptionsSchema } from "#nats/options.ts";

/** Spread into the settings of every command that talks to NATS. */
export const natsSettings = { nats: natsOptionsSchema };

/** `--live`: off unless somebody asks for it. */
export function liveSetting(description: string): z.ZodDefault<z.ZodBoolean> {
  return z
    .boolean()
    .default(false)
    .meta({ description: `look at NATS: ${description}` });
}
