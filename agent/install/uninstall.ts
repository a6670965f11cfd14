/** What has to be undone so that no agent runs here any more. Containers and volumes stay, in any case. Pure. */
import { dirname, join } from "node:path";
import { systemctl } from "./commands.ts";
import type { Places } from "./places.ts";
import type { Found } from "./found.ts";
import type { Plan, Run, Step } from "./step.ts";
import { UNIT_NAME } from "./unit.ts";

/** What somebody asked for. */
export interface Unwanted {
  readonly places: Places;
  readonly root: string;
  /** Settings, credentials and state go, too. */
  readonly purge: boolean;
  /** As the settings file says; null where there is none, or none that can be read. */
  readonly settings: { readonly stateDir: string; readonly deviceId: string } | null;
}

/** The plan; nothing is looked at or done. */
export function planUninstall(unwanted: Unwanted, found: Found): Plan {
  const { places, root } = unwanted;
  const unit = root + places.unit;
  const unitSteps: Step[] = found.entry(unit) === null ? [] : [{ kind: "delete", path: unit }];
  const commands = commandsFor(unwanted, found, unitSteps.length > 0);
  const steps = [...commands.before, ...unitSteps, ...commands.after, ...purgeSteps(unwanted, found)];
  const packaged = places.packagedUnits.find((path) => found.entry(root + path) !== null);
  return {
    steps,
    remaining: commands.remaining,
    kept: [
      ...keptFiles(unwanted, found),
      ...(packaged === undefined ? [] : [`${packaged}: a package put it there (apt-get remove gitfleet-agent)`]),
      "containers and their volumes: podman ps --filter label=gitfleet.dev/device shows them",
    ],
    refused: [],
  };
}

function commandsFor(
  { places: { scope }, root }: Unwanted,
  { services }: Found,
  unitThere: boolean,
): { before: Run[]; after: Run[]; remaining: Run[] } {
  const stop: Run = { kind: "run", words: systemctl(scope, "disable", "--now", UNIT_NAME), so: "the agent stops" };
  const reload: Run = { kind: "run", words: systemctl(scope, "daemon-reload"), so: "systemd forgets the unit" };
  if (root !== "") return { before: [], after: [], remaining: [] };
  const stops = services === null ? unitThere : services.agent.active || services.agent.enabled;
  const before = stops ? [stop] : [];
  const after = unitThere ? [reload] : [];
  return services === null
    ? { before: [], after: [], remaining: [...before, ...after] }
    : { before, after, remaining: [] };
}

// Of the state folder only what this device's agent wrote: somebody may have named a folder that holds other things.
function purgeSteps({ places, root, purge, settings }: Unwanted, found: Found): Step[] {
  if (!purge) return [];
  const there = (path: string): boolean => found.entry(path) !== null;
  const stateDir = root + (settings?.stateDir ?? places.stateDir);
  const state = settings === null ? null : join(stateDir, settings.deviceId);
  return [
    ...(state !== null && there(state) ? [{ kind: "delete-folder" as const, path: state }] : []),
    ...(there(stateDir) ? [{ kind: "delete-empty" as const, path: stateDir }] : []),
    ...(there(root + places.credentials) ? [{ kind: "delete-folder" as const, path: root + places.credentials }] : []),
    ...(there(root + places.config) ? [{ kind: "delete" as const, path: root + places.config }] : []),
    ...(there(root + places.configFolder)
      ? [{ kind: "delete-empty" as const, path: dirname(root + places.config) }]
      : []),
  ];
}

function keptFiles({ places, root, purge, settings }: Unwanted, found: Found): string[] {
  if (purge) return [];
  const paths = [places.config, places.credentials, settings?.stateDir ?? places.stateDir];
  const there = paths.map((path) => root + path).filter((path) => found.entry(path) !== null);
  return there.length === 0 ? [] : [`${there.join(", ")}: --purge deletes them`];
}
