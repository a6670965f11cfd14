/** Where an installed agent and its things are: on the whole machine, or in one user's home. */
import { join } from "node:path";
import { SYSTEM_CONFIG, SYSTEM_STATE_DIR, UNIT_NAME } from "./unit.ts";

/** `system`: root's podman. `user`: a user's own, rootless. */
export type Scope = "system" | "user";

/** All paths as the device will see them, without `--root`. */
export interface Places {
  readonly scope: Scope;
  readonly config: string;
  readonly configFolder: string;
  readonly credentials: string;
  readonly stateDir: string;
  readonly unit: string;
  /** Where a package of the system would have put a unit of the same name. */
  readonly packagedUnits: readonly string[];
}

/** What the places of a user depend on. */
export interface Home {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const SYSTEM_PLACES: Places = {
  scope: "system",
  config: SYSTEM_CONFIG,
  configFolder: "/etc/gitfleet",
  credentials: "/etc/gitfleet/credentials",
  stateDir: SYSTEM_STATE_DIR,
  unit: `/etc/systemd/system/${UNIT_NAME}`,
  packagedUnits: [`/usr/lib/systemd/system/${UNIT_NAME}`, `/lib/systemd/system/${UNIT_NAME}`],
};

/** By the XDG rules, as podman and systemd go by them. */
export function userPlaces({ folder, env }: Home): Places {
  const configHome = absolute(env["XDG_CONFIG_HOME"]) ?? join(folder, ".config");
  const configFolder = join(configHome, "gitfleet");
  return {
    scope: "user",
    config: join(configFolder, "agent.yaml"),
    configFolder,
    credentials: join(configFolder, "credentials"),
    stateDir: join(absolute(env["XDG_STATE_HOME"]) ?? join(folder, ".local/state"), "gitfleet"),
    unit: join(configHome, "systemd/user", UNIT_NAME),
    packagedUnits: [],
  };
}

// The rules say that a relative path is to be ignored.
function absolute(path: string | undefined): string | null {
  return path?.startsWith("/") === true ? path : null;
}
