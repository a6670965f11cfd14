/** What `agent install` and `agent uninstall` have in common: for whom, into which root, and who asks. */
import { homedir } from "node:os";
import { z } from "zod";
import type { Asker } from "#agent/install/install.ts";
import type { Io } from "./io.ts";

export const placeSettings = {
  user: z.boolean().default(false).meta({ description: "for this user's own (rootless) podman instead of root's" }),
  root: z.string().min(1).optional().meta({
    description: "write below this folder, for example an image that is being built; nothing is run",
    placeholder: "DIR",
  }),
};

/** The user who runs this command. */
export function askerOf(io: Io): Asker {
  return { uid: process.getuid?.() ?? 0, home: { folder: homedir(), env: io.env }, cwd: io.cwd };
}
