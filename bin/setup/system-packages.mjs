/** The programs of the system that gitfleet works with: what is missing is installed by apt, or named with its command. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runWithProgress, say, SetupError } from "./progress.mjs";

const FOLDERS = [
  ...(process.env.PATH ?? "").split(delimiter),
  ..."/usr/local/sbin /usr/sbin /sbin /usr/local/bin /usr/bin /bin /opt/homebrew/bin".split(" "),
];
const HELPERS = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/local/lib/podman", "/usr/local/libexec/podman"];
const isLinux = process.platform === "linux";
const isRoot = process.getuid?.() === 0;
const everything = ["demo", "test", "bench"];

/**
 * What is needed, for what, and how the packages are called. `apt` alone means: part of another package elsewhere.
 * Each is missing where none of its programs or helper files is found.
 */
const NEEDS = [
  { name: "git", programs: ["git"], apt: ["git"], brew: "git", dnf: "git" },
  { name: "nats-server", programs: ["nats-server"], apt: ["nats-server"], brew: "nats-server", dnf: "nats-server" },
  { name: "podman", programs: ["podman"], apt: ["podman"], brew: "podman", dnf: "podman" },
  { name: "a container runtime", programs: ["runc", "crun"], apt: [runtimePackage()], linux: true },
  { name: "netavark", helpers: ["netavark"], apt: ["netavark"], linux: true },
  { name: "aardvark-dns", helpers: ["aardvark-dns"], apt: ["aardvark-dns"], linux: true },
  { name: "catatonit", programs: ["catatonit"], helpers: ["catatonit"], apt: ["catatonit"], linux: true },
  {
    name: "a static busybox",
    programs: ["busybox"],
    apt: ["busybox-static"],
    dnf: "busybox",
    linux: true,
    isThere: busyboxIsStatic,
  },
  { name: "ip", programs: ["ip"], apt: ["iproute2"], dnf: "iproute", linux: true },
  { name: "iptables", programs: ["iptables"], apt: ["iptables"], dnf: "iptables-nft", linux: true },
  {
    name: "systemd-analyze",
    programs: ["systemd-analyze"],
    apt: ["systemd"],
    dnf: "systemd",
    linux: true,
    purposes: ["test"],
  },
  { name: "strace", programs: ["strace"], apt: ["strace"], dnf: "strace", linux: true, purposes: ["test"] },
  { name: "newuidmap", programs: ["newuidmap"], apt: ["uidmap"], dnf: "shadow-utils", linux: true, rootless: true },
  {
    name: "slirp4netns",
    programs: ["slirp4netns", "pasta"],
    apt: ["slirp4netns"],
    dnf: "slirp4netns",
    linux: true,
    rootless: true,
  },
];

/** Installs what is missing for this purpose. Throws where it may not, with the command that does. */
export async function ensureSystemPackages(purpose) {
  const missing = missingNeeds(purpose);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  const packages = [...new Set(missing.flatMap(({ apt }) => apt))];
  const prefix = aptPrefix();
  if (prefix === null) throw cannotInstall(names, missing, packages);
  say(`${names} ${missing.length === 1 ? "is" : "are"} missing`);
  await aptInstall(prefix, packages);
  const still = missingNeeds(purpose);
  if (still.length > 0) throw cannotInstall(still.map(({ name }) => name).join(", "), still, packages);
}

function missingNeeds(purpose) {
  return NEEDS.filter(({ purposes = everything }) => purposes.includes(purpose))
    .filter(({ linux = false, rootless = false }) => (!linux || isLinux) && (!rootless || !isRoot))
    .filter((need) => !(need.isThere ?? isPresent)(need));
}

function isPresent({ programs = [], helpers = [] }) {
  return (
    programs.some((name) => find(name) !== null) ||
    helpers.some((name) => HELPERS.some((place) => existsSync(join(place, name))))
  );
}

// Debian has a busybox with and one without libraries under the same name; the sizes tell them apart, and one installs over the other.
function busyboxIsStatic() {
  const path = find("busybox");
  if (path === null) return false;
  return !existsSync("/var/lib/dpkg/info/busybox.list") || existsSync("/var/lib/dpkg/info/busybox-static.list");
}

function find(name) {
  return FOLDERS.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Only runc works where cgroup v1 is still in use.
function runtimePackage() {
  return existsSync("/sys/fs/cgroup/cgroup.controllers") ? "crun" : "runc";
}

/** [] where we are root, ["sudo", "-n"] where sudo asks for nothing, null where there is no apt or no right to use it. */
function aptPrefix() {
  if (find("apt-get") === null) return null;
  if (isRoot) return [];
  const { status } = spawnSync("sudo", ["-n", "true"], { stdio: "ignore", timeout: 10_000 });
  return status === 0 ? ["sudo", "-n"] : null;
}

async function aptInstall(prefix, packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = async (title, ...args) => {
    const [command, ...rest] = [...prefix, "apt-get", ...args];
    return await runWithProgress(title, command, rest, { env });
  };
  if (!hasPackageLists()) await apt("package lists", "update");
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  let { code, tail } = await apt("system packages", ...install);
  if (code !== 0) {
    // The lists may be older than what the mirror still has.
    await apt("package lists", "update");
    ({ code, tail } = await apt("system packages", ...install));
  }
  if (code !== 0) {
    throw new SetupError("apt-get could not install the system packages. It said:", [
      ...tail,
      `Mend what it names, then run \`${["sudo", "apt-get", ...install].join(" ")}\`.`,
    ]);
  }
}

/** Asks the mirrors what they have; false where this set-up may not. */
export async function updatePackageLists() {
  const prefix = aptPrefix();
  if (prefix === null) return false;
  const [command, ...args] = [...prefix, "apt-get", "update"];
  return (await runWithProgress("package lists", command, args)).code === 0;
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => /_Packages/.test(name));
  } catch {
    return false;
  }
}

function cannotInstall(names, missing, aptPackages) {
  const plural = missing.length === 1 ? "is" : "are";
  return new SetupError(`${names} ${plural} missing, and this set-up may not install it here.`, [
    `Run: ${installCommand(missing, aptPackages)}`,
    "Then try again.",
  ]);
}

function installCommand(missing, aptPackages) {
  if (find("apt-get") !== null) {
    return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${aptPackages.join(" ")}`;
  }
  const of = (manager) => missing.map((need) => need[manager]).filter((name) => name !== undefined);
  if (process.platform === "darwin") return `brew install ${of("brew").join(" ")}`;
  if (find("dnf") !== null) return `sudo dnf install -y ${of("dnf").join(" ")}`;
  return `your system's package manager for: ${missing.map(({ name }) => name).join(", ")}`;
}
