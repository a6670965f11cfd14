/** /etc, /var/lib and /run of a device of its own: programs see them there, this machine never does. Needs root. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import type { Ended } from "#tests/cli/gitfleet.ts";

const GITFLEET = join(import.meta.dirname, "../../bin/gitfleet");
const FOLDERS = {
  "/usr/lib/systemd/system": "packaged-units",
  "/etc": "etc",
  "/var/lib": "var-lib",
  "/var/cache": "var-cache",
  "/run": "run",
};
const RUN_LIMIT_MS = 30_000;
/** `nobody`: an id that every system has. */
const USER = 65_534;

/** Remembers what it was told, and answers accordingly: all that an installation needs of systemctl and loginctl. */
const STAND_IN = `#!/bin/sh
for word in "$@"; do unit=$word; done
echo "$(basename "$0") $*" >> "$GITFLEET_TEST_ROOT/commands.log"
state="$GITFLEET_TEST_ROOT/units/$unit"
case " $* " in
  *" show "*)
    [ /etc/systemd/system/$unit -nt "$GITFLEET_TEST_ROOT/units/reloaded" ] && echo NeedDaemonReload=yes
    [ -e "$state" ] && echo "ActiveState=active\nUnitFileState=enabled\nActiveEnterTimestamp=$(stat -c @%Y "$state")" ;;
  *" daemon-reload "*) touch "$GITFLEET_TEST_ROOT/units/reloaded" ;;
  *" enable "* | *" restart "*) touch "$state" ;;
  *" disable "*) rm -f "$state" ;;
esac
exit 0
`;

/** Files that live until `remove`, and a way to run programs among them. */
export class DeviceRoot {
  readonly #scratch: Scratch = scratchFolder("root");

  /** `systemd`: whether one seems to run there. */
  constructor({ systemd }: { systemd: boolean }) {
    for (const name of [...Object.values(FOLDERS), "bin", "units"]) mkdirSync(join(this.#scratch.path, name));
    // Users, names and certificates, as every device has them.
    for (const name of ["passwd", "group", "hosts", "nsswitch.conf", "resolv.conf", "ssl"]) {
      if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, this.path(`/etc/${name}`), { recursive: true });
    }
    if (systemd) mkdirSync(this.path("/run/systemd/system"), { recursive: true });
    for (const name of ["systemctl", "loginctl"]) {
      writeFileSync(join(this.#scratch.path, "bin", name), STAND_IN, { mode: 0o755 });
    }
  }

  /** Where a file of the device is for this process. */
  path(inside: string): string {
    const found = Object.entries(FOLDERS).find(([folder]) => inside.startsWith(`${folder}/`) || inside === folder);
    if (found === undefined) throw new Error(`${inside} is none of ${Object.keys(FOLDERS).join(", ")}`);
    return join(this.#scratch.path, found[1], inside.slice(found[0].length));
  }

  /** Puts a file there, as a package or a person would. */
  place(inside: string, text: string): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), text);
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), "utf8");
  }

  /** From now on this program fails and says why. */
  breaks(program: "systemctl" | "loginctl", says: string): void {
    const path = join(this.#scratch.path, "bin", program);
    writeFileSync(path, `#!/bin/sh\necho '${says}' >&2\nexit 1\n`, { mode: 0o755 });
  }

  /** A service ends, as if by itself. */
  loses(unit: string): void {
    rmSync(join(this.#scratch.path, "units", unit));
  }

  /** What systemctl and loginctl were told, questions aside. */
  commands(): string[] {
    const log = join(this.#scratch.path, "commands.log");
    if (!existsSync(log)) return [];
    return readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.includes(" show "));
  }

  /** The command that runs `words` among the device's files; `before` is a shell script that may mount more. */
  wrap(words: readonly string[], before = ":"): [string, string[]] {
    const binds = Object.entries(FOLDERS).map(
      ([folder, name]) => `mount --bind "$GITFLEET_TEST_ROOT/${name}" ${folder}`,
    );
    const script = ["set -e", ...binds, before, 'exec "$@"'].join("\n");
    return ["unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...words]];
  }

  /** Without settings for another gitfleet that somebody has in the environment. */
  get env(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !/^(?:GITFLEET_|XDG_)/.test(name));
    const path = `${this.#scratch.path}/bin:${process.env["PATH"] ?? ""}`;
    return { ...Object.fromEntries(kept), PATH: path, GITFLEET_TEST_ROOT: this.#scratch.path };
  }

  /** Runs gitfleet as root of the device. */
  gitfleet(...args: readonly string[]): Ended {
    return this.#run(this.wrap([GITFLEET, ...args]));
  }

  /** The same after a shell script that may mount more. */
  gitfleetWith(before: string, ...args: readonly string[]): Ended {
    return this.#run(this.wrap([GITFLEET, ...args], before));
  }

  /** Runs gitfleet as an ordinary user whose home is /var/lib/home. */
  gitfleetAsUser(...args: readonly string[]): Ended {
    const user = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "env", "HOME=/var/lib/home"];
    // The stand-ins take their notes in the scratch folder, which is root's.
    const open = `mkdir -p /var/lib/home; chown -R ${USER} /var/lib/home; chmod -R a+rwX "$GITFLEET_TEST_ROOT"`;
    return this.#run(this.wrap([...user, GITFLEET, ...args], open));
  }

  #run([command, words]: [string, string[]]): Ended {
    const { status, stdout, stderr } = spawnSync(command, words, {
      env: this.env,
      encoding: "utf8",
      timeout: RUN_LIMIT_MS,
    });
    return { code: status, stdout, stderr };
  }

  remove(): void {
    this.#scratch.remove();
  }
}
