/** What an installation finds: files, folders, and what the service manager says. Changes nothing. */
import { execFile } from "node:child_process";
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { OutsideError, UsageError, errorCode } from "#runtime/errors.ts";
import { systemctl } from "./commands.ts";
import type { Scope } from "./places.ts";
import type { Entry, Services, UnitState } from "./found.ts";
import { UNIT_NAME } from "./unit.ts";

/** Units, settings and credentials are small; what is larger is not one of ours. */
export const FILE_MAX_BYTES = 1_048_576;
const ASK_LIMIT_MS = 10_000;
const MODE_BITS = 0o7777;

/** True where systemd runs this machine: not in most containers, not while an image is built. */
export function systemdRuns(): boolean {
  return existsSync("/run/systemd/system");
}

/** What is at a path, links followed; null where nothing is. */
export function entryAt(path: string): Entry | null {
  try {
    const stat = statSync(path);
    const text = stat.isFile() && stat.size <= FILE_MAX_BYTES ? readFileSync(path, "utf8") : null;
    return {
      mode: stat.mode & MODE_BITS,
      uid: stat.uid,
      gid: stat.gid,
      text,
      changedAtSeconds: Math.floor(stat.mtimeMs / 1_000),
    };
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return null;
    throw new OutsideError(`cannot look at ${path}`, { cause });
  }
}

/** As `entryAt`, for what is below the root of an image: a link there that leads out of it is refused. */
export function entryBelow(root: string, path: string): Entry | null {
  if (path.startsWith(`${root}/`)) mustStayBelow(root, path);
  return entryAt(path);
}

// On the device `/etc -> /data/etc` means its own /data; here it would be this machine's.
function mustStayBelow(root: string, path: string): void {
  let at = path;
  while (lstatSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
  const target = targetOf(at);
  if (target !== null && `${target}/`.startsWith(`${realpathSync(root)}/`)) return;
  throw new UsageError(`${at} leads out of ${root}, to ${target ?? "nothing"}`, {
    hint: "Make the link behind it a relative one, or run this on the device itself.",
  });
}

function targetOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** What systemd says of the units that matter; null where it cannot be asked, such as a user's without a session. */
export async function askServices(scope: Scope): Promise<Services | null> {
  const [agent, podmanSocket] = await Promise.all([askUnit(scope, UNIT_NAME), askUnit(scope, "podman.socket")]);
  if (agent === null || podmanSocket === null) return null;
  const lingers = scope === "system" || existsSync(`/var/lib/systemd/linger/${userInfo().username}`);
  return { agent, podmanSocket, lingers };
}

async function askUnit(scope: Scope, unit: string): Promise<UnitState | null> {
  const properties = "--property=ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestamp";
  const [command = "", ...args] = systemctl(scope, "show", "--timestamp=unix", properties, unit);
  return await promisify(execFile)(command, args, { timeout: ASK_LIMIT_MS }).then(
    ({ stdout }) => unitState(stdout),
    () => null,
  );
}

/** From what `systemctl show --timestamp=unix` prints. */
export function unitState(shown: string): UnitState {
  const of = (property: string): string => new RegExp(`^${property}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  const since = /^@(\d+)$/.exec(of("ActiveEnterTimestamp"))?.[1];
  return {
    enabled: of("UnitFileState") === "enabled",
    active: of("ActiveState") === "active",
    needsReload: of("NeedDaemonReload") === "yes",
    activeSinceSeconds: since === undefined ? null : Number(since),
  };
}
