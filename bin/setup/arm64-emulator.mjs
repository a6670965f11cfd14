/** A program for arm64 on another machine: qemu and the libraries that such a program asks for, unpacked and not installed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runWithProgress, SetupError } from "./progress.mjs";

const QEMU = "qemu-user-static";
const EMULATOR = "qemu-aarch64-static";
const LIBRARIES = ["libc6:arm64", "libstdc++6:arm64", "libgcc-s1:arm64"];

/** Unpacks both below node_modules/.cache/gitfleet/arm64 where they are not there yet. */
export async function ensureArm64Emulator(root) {
  const cache = join(root, "node_modules", ".cache", "gitfleet");
  const folder = join(cache, "arm64");
  if (existsSync(folder)) return;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, "arm64-"));
  try {
    await fetchPackages(making);
    await unpack(making);
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

// With lists of its own: the machine's are not touched, and no right is needed.
async function fetchPackages(folder) {
  const host = spawnSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).stdout?.trim();
  if (host === undefined || host === "") throw cannotFetch(["There is no dpkg here."]);
  for (const name of ["lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(join(folder, name), { recursive: true });
  const own = {
    "APT::Architecture": host,
    "APT::Architectures": `${host},arm64`,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "Acquire::Languages": "none",
  };
  const options = Object.entries(own).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const packages = [QEMU, ...LIBRARIES];
  for (const words of [["update"], ["download", ...packages]]) {
    const title = `packages to run programs for arm64 (${words[0]})`;
    const result = await runWithProgress(title, "apt-get", [...options, ...words], { cwd: join(folder, "packages") });
    if (result.code !== 0) throw cannotFetch(result.tail);
  }
}

async function unpack(folder) {
  for (const file of readdirSync(join(folder, "packages"))) {
    const target = join(folder, file.startsWith(QEMU) ? "qemu" : "libraries");
    const result = await runWithProgress(`unpack ${file}`, "dpkg", ["-x", join(folder, "packages", file), target]);
    if (result.code !== 0) throw cannotFetch(result.tail);
  }
  // One program of the hundred that come with it.
  const emulators = join(folder, "qemu/usr/bin");
  for (const name of readdirSync(emulators)) if (name !== EMULATOR) rmSync(join(emulators, name));
  for (const name of ["lists", "cache", "packages"]) rmSync(join(folder, name), { recursive: true });
}

function cannotFetch(lines) {
  return new SetupError("what runs programs for arm64 on this machine could not be fetched. It said:", [
    ...lines,
    "It comes from Debian's packages: run this on Debian 12 or later, then try again.",
  ]);
}
