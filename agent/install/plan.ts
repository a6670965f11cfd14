/** What has to be done so that the agent is installed as asked, given what is there already. Pure. */
import { dirname } from "node:path";
import { commandsFor } from "./commands.ts";
import type { Entry, Found } from "./found.ts";
import type { Places } from "./places.ts";
import { isUntouched, saysNothing, settingsText, valuesIn, type FileValues } from "./settings-file.ts";
import type { Owner, Plan, Step } from "./step.ts";

/** What somebody asked for. */
export interface Wanted {
  readonly places: Places;
  /** Put before every path on the device; "" where it is this machine. */
  readonly root: string;
  readonly owner: Owner;
  /** The settings that were given, by name. */
  readonly given: FileValues;
  /** Of `given`, those that would change an existing settings file. */
  readonly differing: readonly string[];
  readonly stateDir: string;
  /** Files that hold how NATS is reached: from where they are to where the device keeps them. */
  readonly credentials: readonly { readonly from: string; readonly to: string }[];
  /** Null where a package's unit is right as it is. */
  readonly unit: string | null;
  /** False where podman listens elsewhere, and its own socket unit is not needed. */
  readonly podmanSocket: boolean;
}

const FOLDER_MODE = 0o755;
const PRIVATE_FOLDER_MODE = 0o700;
const CREDENTIALS_FOLDER_MODE = 0o750;
const SECRET_MODE = 0o600;
const UNIT_MODE = 0o644;

/** The plan; nothing is looked at or done. */
export function planInstall(wanted: Wanted, found: Found): Plan {
  const { places, root } = wanted;
  const settings = settingsChange(wanted, found.entry(root + places.config)?.text ?? null);
  const copies = wanted.credentials.map(({ from, to }) => credentialChange(wanted, found, from, to));
  const unit = wanted.unit === null ? [] : fileSteps(wanted, found, places.unit, wanted.unit, UNIT_MODE);
  const files = [
    ...(settings.text === null ? [] : fileSteps(wanted, found, places.config, settings.text, SECRET_MODE)),
    ...copies.flatMap(({ steps }) => steps),
    ...unit,
  ];
  const writes = (steps: readonly Step[]): boolean => steps.some(({ kind }) => kind === "file" || kind === "copy");
  const { run, remaining } = commandsFor(wanted, found.services, {
    unit: writes(unit),
    any: writes(files) || isNewerThanAgent(wanted, found),
  });
  return {
    steps: [...folderSteps(wanted, found), ...files, ...run],
    remaining,
    kept: settings.kept,
    refused: [...settings.refused, ...copies.flatMap(({ refused }) => refused)],
  };
}

/** True where a run that was cut short, or a person, changed a file after the agent had started. */
function isNewerThanAgent({ places, root, credentials }: Wanted, { entry, services }: Found): boolean {
  const since = services?.agent.activeSinceSeconds ?? null;
  const files = [places.config, places.unit, ...credentials.map(({ to }) => to)];
  return since !== null && files.some((path) => (entry(root + path)?.changedAtSeconds ?? 0) > since);
}

function folderSteps(wanted: Wanted, found: Found): Step[] {
  const { places, unit } = wanted;
  const systemd = unit === null ? [] : [{ path: dirname(places.unit), mode: FOLDER_MODE, exact: false }];
  const folderMode = places.scope === "system" ? FOLDER_MODE : PRIVATE_FOLDER_MODE;
  const folders = [
    { path: places.configFolder, mode: folderMode, exact: false },
    { path: places.credentials, mode: CREDENTIALS_FOLDER_MODE, exact: true },
    // Elsewhere it may be a folder that others use, too; the agent closes its own folder in it.
    { path: wanted.stateDir, mode: PRIVATE_FOLDER_MODE, exact: wanted.stateDir === places.stateDir },
    ...systemd,
  ];
  const own = folders.flatMap(({ path, mode, exact }) => {
    const at = place(wanted, path, mode);
    const entry = found.entry(at.path);
    if (entry === null) return [{ kind: "folder" as const, ...at }];
    // The folders of others (/etc/systemd/system) are theirs; our own are closed again where somebody opened them.
    return exact ? permit(at, entry) : [];
  });
  const paths = folders.map(({ path }) => path);
  return places.scope === "system" ? [...foldersAbove(paths, wanted, found), ...own] : own;
}

// In an image that begins empty, even /etc is missing; the umask of its maker must not close it to everybody else.
function foldersAbove(paths: readonly string[], wanted: Wanted, found: Found): Step[] {
  const missing = new Set<string>();
  for (const path of paths) {
    for (let at = dirname(path); at !== "/" && found.entry(wanted.root + at) === null; at = dirname(at)) {
      if (!paths.includes(at)) missing.add(at);
    }
  }
  return [...missing].toSorted().map((path) => ({ kind: "folder", ...place(wanted, path, FOLDER_MODE) }));
}

function fileSteps(wanted: Wanted, found: Found, path: string, text: string, mode: number): Step[] {
  const at = place(wanted, path, mode);
  const entry = found.entry(at.path);
  if (entry?.text === text) return permit(at, entry);
  return [{ kind: "file", ...at, text, replaces: entry !== null }];
}

function permit(at: ReturnType<typeof place>, entry: Entry): Step[] {
  const owned = at.owner === null || (at.owner.uid === entry.uid && at.owner.gid === entry.gid);
  return owned && entry.mode === at.mode ? [] : [{ kind: "permit", ...at }];
}

function place({ root, owner }: Wanted, path: string, mode: number): { path: string; mode: number; owner: Owner } {
  return { path: root + path, mode, owner };
}

interface Change {
  /** Null: the file stays as it is. */
  readonly text: string | null;
  readonly kept: string[];
  readonly refused: string[];
}

/** A file that nobody but gitfleet or a package wrote follows what is asked; one that a person changed is never touched. */
function settingsChange({ places, root, given, differing }: Wanted, text: string | null): Change {
  if (text === null || saysNothing(text)) return { text: settingsText(given), kept: [], refused: [] };
  if (isUntouched(text)) return { text: settingsText({ ...valuesIn(text), ...given }), kept: [], refused: [] };
  const path = root + places.config;
  if (differing.length === 0) return { text: null, kept: [`${path}: edited by hand`], refused: [] };
  const names = differing.join(", ");
  const refusal = `${path} was edited by hand and is not overwritten: set ${names} in it yourself, or move it away`;
  return { text: null, kept: [], refused: [refusal] };
}

function credentialChange(
  wanted: Wanted,
  found: Found,
  from: string,
  to: string,
): { steps: Step[]; refused: string[] } {
  const at = place(wanted, to, SECRET_MODE);
  const there = found.entry(at.path);
  if (there === null) return { steps: [{ kind: "copy", from, ...at }], refused: [] };
  const source = found.entry(from);
  if (source === null || source.text === there.text) return { steps: permit(at, there), refused: [] };
  const refusal = `${at.path} is not overwritten, and ${from} is another: delete the first if the second is right`;
  return { steps: permit(at, there), refused: [refusal] };
}
