/** What the service manager has to be told: run where it runs, left to a person where it does not. Pure. */
import type { Scope } from "./places.ts";
import type { Services, UnitState } from "./found.ts";
import type { Wanted } from "./plan.ts";
import type { Run } from "./step.ts";
import { UNIT_NAME } from "./unit.ts";

const PODMAN_SOCKET = "podman.socket";

/** What the service manager does not know yet. */
export interface Changed {
  readonly unit: boolean;
  /** Of all files that the agent reads when it starts. */
  readonly any: boolean;
}

/** `systemctl`, for the machine or for the user. */
export function systemctl(scope: Scope, ...words: readonly string[]): readonly string[] {
  return ["systemctl", ...(scope === "user" ? ["--user"] : []), ...words];
}

/** The commands of an installation. */
export function commandsFor(
  wanted: Pick<Wanted, "places" | "root" | "podmanSocket">,
  services: Services | null,
  changed: Changed,
): { run: Run[]; remaining: Run[] } {
  const { scope } = wanted.places;
  if (wanted.root !== "") return { run: [], remaining: intoAnotherRoot(wanted) };
  const commands = [
    ...(changed.unit || services?.agent.needsReload !== false ? [reload(scope)] : []),
    ...(wanted.podmanSocket && !isUp(services?.podmanSocket) ? [socket(scope)] : []),
    ...agent(scope, services, changed.any),
    ...(scope === "user" && services?.lingers !== true ? [linger()] : []),
  ];
  return services === null ? { run: [], remaining: commands } : { run: commands, remaining: [] };
}

function agent(scope: Scope, services: Services | null, anyChanged: boolean): Run[] {
  const start = run(systemctl(scope, "enable", "--now", UNIT_NAME), "the agent runs, also after a reboot");
  const restart = run(systemctl(scope, "restart", UNIT_NAME), "the agent runs with what changed");
  return [
    ...(isUp(services?.agent) ? [] : [start]),
    // What runs already is not started anew by being enabled.
    ...(services?.agent.active === true && anyChanged ? [restart] : []),
  ];
}

function socket(scope: Scope): Run {
  return {
    ...run(systemctl(scope, "enable", "--now", PODMAN_SOCKET), "podman answers the agent"),
    otherwise: "Install podman if it is missing (apt-get install podman), and run the same command again.",
  };
}

function reload(scope: Scope): Run {
  return run(systemctl(scope, "daemon-reload"), "systemd reads the unit");
}

function linger(): Run {
  return {
    ...run(["loginctl", "enable-linger"], "this user's services run without a login"),
    otherwise: "All else is done. Root can do the rest: sudo loginctl enable-linger USER",
  };
}

// A user's units are enabled by the user, once the device runs.
function intoAnotherRoot({
  places: { scope },
  root,
  podmanSocket,
}: Pick<Wanted, "places" | "root" | "podmanSocket">): Run[] {
  const units = [...(podmanSocket ? [PODMAN_SOCKET] : []), UNIT_NAME];
  if (scope === "system")
    return [run(["systemctl", "--root", root, "enable", ...units], "the device starts the agent when it boots")];
  return [run(systemctl(scope, "enable", "--now", ...units), "the agent runs; on the device, as its user"), linger()];
}

function isUp(unit: UnitState | undefined): boolean {
  return unit?.enabled === true && unit.active;
}

function run(words: readonly string[], so: string): Run {
  return { kind: "run", words, so };
}
