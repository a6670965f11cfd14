/** The agent as a Debian package: the executable, the unit that starts it, and its settings as a file that upgrades leave alone. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SYSTEM_CONFIG, UNIT_NAME, systemUnit } from "#agent/install/unit.ts";
import type { Arch } from "./node-binary.ts";

const PACKAGE = "gitfleet-agent";
const PROGRAM = "/usr/bin/gitfleet";
const DEBIAN_ARCH: Readonly<Record<Arch, string>> = { x64: "amd64", arm64: "arm64" };
const SCRIPTS = ["postinst", "prerm", "postrm"];

/** What goes into a package. */
export interface DebianPackageOptions {
  /** The checkout. */
  readonly root: string;
  readonly arch: Arch;
  readonly version: string;
  readonly executable: string;
  /** The licences, for /usr/share/doc. */
  readonly copyright: string;
  /** The time that every file in it bears. */
  readonly dateSeconds: number;
  /** 0 (quick) to 9 (small), as xz has it. */
  readonly level: number;
  /** The folder for the package. */
  readonly out: string;
}

/** Makes a package with dpkg-deb; gives its path. Equal parts give equal bytes, whoever makes it. */
export function makeDebianPackage(options: DebianPackageOptions): string {
  const { arch, version, dateSeconds, level, out } = options;
  const staged = mkdtempSync(join(tmpdir(), "gitfleet-deb-"));
  try {
    stage(staged, options);
    const path = join(out, `${PACKAGE}_${debianVersion(version)}_${DEBIAN_ARCH[arch]}.deb`);
    const how = ["--root-owner-group", "--threads-max=1", "-Zxz", `-z${level}`];
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(dateSeconds) };
    execFileSync("dpkg-deb", [...how, "--build", staged, path], { env, stdio: "pipe" });
    return path;
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** A version before a release sorts before it: 1.0.0-rc.1 is 1.0.0~rc.1. */
export function debianVersion(version: string): string {
  return version.replace("-", "~");
}

function stage(folder: string, options: DebianPackageOptions): void {
  const { root, executable, copyright, dateSeconds } = options;
  put(folder, PROGRAM, { copy: executable, mode: 0o755 });
  put(folder, SYSTEM_CONFIG, { copy: join(root, "release/agent.yaml"), mode: 0o640 });
  put(folder, `/usr/lib/systemd/system/${UNIT_NAME}`, { text: systemUnit({ exec: [PROGRAM, "agent"] }) });
  put(folder, `/usr/share/doc/${PACKAGE}/copyright`, { text: copyright });
  const sizeKib = Math.ceil(statSync(join(folder, PROGRAM)).size / 1024);
  put(folder, "/DEBIAN/control", { text: control(options, sizeKib) });
  put(folder, "/DEBIAN/conffiles", { text: `${SYSTEM_CONFIG}\n` });
  for (const script of SCRIPTS)
    put(folder, `/DEBIAN/${script}`, { copy: join(root, "release/debian", script), mode: 0o755 });
  settle(folder, dateSeconds);
}

function control({ arch, version }: DebianPackageOptions, sizeKib: number): string {
  return `Package: ${PACKAGE}
Version: ${debianVersion(version)}
Architecture: ${DEBIAN_ARCH[arch]}
Maintainer: The gitfleet authors
Section: admin
Priority: optional
Installed-Size: ${sizeKib}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6
Recommends: podman (>= 4.3)
Description: agent of gitfleet, which manages fleets of edge devices by git
 Runs on a device what the fleet's repository wants there, with podman, and
 reports back over NATS. Losing the network stops no container.
`;
}

type Content = { readonly mode?: number } & ({ readonly copy: string } | { readonly text: string });

function put(folder: string, path: string, content: Content): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  if ("copy" in content) copyFileSync(content.copy, target);
  else writeFileSync(target, content.text);
  chmodSync(target, content.mode ?? 0o644);
}

// Whatever this machine's clock and umask say.
function settle(folder: string, dateSeconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) settle(join(folder, entry.name), dateSeconds);
    else lutimesSync(join(folder, entry.name), dateSeconds, dateSeconds);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, dateSeconds, dateSeconds);
}
