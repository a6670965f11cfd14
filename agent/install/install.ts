/** `agent install` and `agent uninstall` up to the plan: looks at this machine, changes nothing. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { isSea } from "node:sea";
import { UsageError } from "#runtime/errors.ts";
import { settingsOf } from "#runtime/settings.ts";
import type { Found } from "./found.ts";
import { askServices, entryAt, entryBelow, FILE_MAX_BYTES, systemdRuns } from "./look.ts";
import { SYSTEM_PLACES, userPlaces, type Home, type Places } from "./places.ts";
import { planInstall, type Wanted } from "./plan.ts";
import { agentWords } from "./program.ts";
import { effective, fileSettings, requestOf } from "./request.ts";
import { saysNothing, type FileValues } from "./settings-file.ts";
import type { Owner, Plan } from "./step.ts";
import { planUninstall } from "./uninstall.ts";
import { systemUnit, userUnit } from "./unit.ts";

/** Where to install. */
export interface Where {
  /** For this user's own podman instead of root's. */
  readonly user: boolean;
  /** The root of another file system, such as an image that is being built. */
  readonly root: string | undefined;
}

/** Who is asking. */
export interface Asker {
  readonly uid: number;
  readonly home: Home;
  readonly cwd: string;
}

/** What `agent install` was asked for: where, which program, and the agent's settings by option name. */
export interface InstallOptions extends Where {
  readonly exec: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A plan, and the words that start the agent. */
export interface InstallPlan extends Plan {
  readonly start: readonly string[];
}

/** Throws a UsageError where what was asked for cannot be an agent. */
export async function prepareInstall(options: InstallOptions, asker: Asker): Promise<InstallPlan> {
  const { places, root, owner } = whereOf(options, asker);
  const { given: asked, credentials } = requestOf(options.settings, places, asker.cwd);
  const file = settingsFile(root + places.config);
  const given = file === null ? { "state-dir": places.stateDir, ...asked } : asked;
  const settings = await effective(given, file);
  for (const { from, to } of credentials) needCredential(from, root + to);
  const program = programOf(options.exec);
  const wanted: Wanted = {
    places,
    root,
    owner,
    given,
    differing: file === null ? [] : await differingNames(given, file),
    stateDir: settings.stateDir,
    credentials,
    unit: unitOf(places, { program, stateDir: settings.stateDir, packaged: isPackaged(places, root, options.exec) }),
    podmanSocket: settings.podman === undefined,
  };
  return { ...planInstall(wanted, await look(places, root)), start: [...program, "--config", places.config] };
}

/** Never throws for what the settings file says: an agent whose settings are wrong can be uninstalled, too. */
export async function prepareUninstall(options: Where & { readonly purge: boolean }, asker: Asker): Promise<Plan> {
  const { places, root } = whereOf(options, asker);
  const file = settingsFile(root + places.config);
  const settings = file === null ? null : await effective({}, file).catch(() => null);
  return planUninstall({ places, root, purge: options.purge, settings }, await look(places, root));
}

/** What is copied must be a file; it may be gone once the device has it. */
function needCredential(from: string, to: string): void {
  const entry = entryAt(from);
  if (entry === null && entryAt(to) === null) throw new UsageError(`there is no file ${from}`);
  if (entry?.text === null) throw new UsageError(`${from} is no file, or one of more than ${FILE_MAX_BYTES} bytes`);
}

/** The settings that hold already, if there are any. */
function settingsFile(path: string): string | null {
  const entry = entryAt(path);
  return entry === null || (entry.text !== null && saysNothing(entry.text)) ? null : path;
}

function whereOf(
  { user, root = "" }: Where,
  { uid, home, cwd }: Asker,
): { places: Places; root: string; owner: Owner } {
  // "/" is this machine.
  const elsewhere = root === "" ? "" : resolve(cwd, root).replace(/\/$/, "");
  if (elsewhere !== "" && statSync(elsewhere, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`there is no folder ${elsewhere}`, { hint: "--root names one that is there already." });
  }
  if (elsewhere === "" && user && uid === 0) {
    throw new UsageError("--user is for rootless podman, and root has none", {
      hint: "Leave out --user, or run this as the user whose podman it is: without sudo.",
    });
  }
  if (elsewhere === "" && !user && uid !== 0) {
    throw new UsageError("only root may install the agent for the whole machine", {
      hint: "Run it with sudo, or with --user for this user's own (rootless) podman.",
    });
  }
  return {
    places: user ? userPlaces(home) : SYSTEM_PLACES,
    root: elsewhere,
    owner: !user && uid === 0 ? { uid: 0, gid: 0 } : null,
  };
}

async function look(places: Places, root: string): Promise<Found> {
  const services = root === "" && systemdRuns() ? await askServices(places.scope) : null;
  return { entry: root === "" ? entryAt : (path) => entryBelow(root, path), services };
}

function programOf(exec: string | undefined): string[] {
  if (exec !== undefined && !isAbsolute(exec)) throw new UsageError(`--exec: "${exec}" is not an absolute path`);
  if (exec !== undefined) return [exec, "agent"];
  const script = process.argv[1];
  return agentWords({
    single: isSea(),
    execPath: process.execPath,
    script: script === undefined || isSea() ? null : realpathSync(script),
    exists: existsSync,
  });
}

// A unit of our own in /etc would hide the package's, and what its next version changes in it.
function isPackaged(places: Places, root: string, exec: string | undefined): boolean {
  return exec === undefined && places.packagedUnits.some((path) => existsSync(root + path));
}

function unitOf(
  places: Places,
  { program, stateDir, packaged }: { program: readonly string[]; stateDir: string; packaged: boolean },
): string | null {
  if (packaged && stateDir === places.stateDir) return null;
  const options = { exec: program, config: places.config };
  return places.scope === "system" ? systemUnit({ ...options, stateDir }) : userUnit(options);
}

/** Of the given settings, those with which the agent would do something else than the file says. */
async function differingNames(given: FileValues, file: string): Promise<string[]> {
  const [asked, now] = [await effective(given, file), await effective({}, file)];
  const at = (settings: unknown, path: readonly string[]): unknown =>
    path.reduce<unknown>((value, field) => (value as Record<string, unknown>)[field], settings);
  return settingsOf(fileSettings)
    .filter(({ path }) => JSON.stringify(at(asked, path)) !== JSON.stringify(at(now, path)))
    .map(({ name }) => name);
}
