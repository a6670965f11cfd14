/** Finds a busybox that runs without any library: all that a test image holds. */
import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

const PLACES = ["/usr/bin/busybox", "/bin/busybox", "/usr/local/bin/busybox", "/sbin/busybox", "/usr/sbin/busybox"];
const PROGRAM_HEADER_INTERPRETER = 3;

/** The program and the names of the commands it can be called by. */
export interface Busybox {
  readonly bytes: Buffer;
  readonly applets: readonly string[];
}

let found: Busybox | undefined;

/** The machine's static busybox; throws with the command that installs it. */
export function staticBusybox(): Busybox {
  found ??= findBusybox();
  return found;
}

function findBusybox(): Busybox {
  for (const path of PLACES) {
    const bytes = readOrNull(path);
    if (bytes === null || !isStatic(bytes)) continue;
    const applets = execFileSync(path, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean);
    return { bytes, applets };
  }
  throw new Error("no static busybox is installed: run `sudo apt-get install -y busybox-static`, then try again");
}

/** True for an ELF64 program that names no dynamic loader. */
export function isStatic(elf: Buffer): boolean {
  if (elf.subarray(0, 5).toString("latin1") !== "\x7fELF\x02") return false;
  const offset = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  const kinds = Array.from({ length: count }, (_, index) => elf.readUInt32LE(offset + index * size));
  return !kinds.includes(PROGRAM_HEADER_INTERPRETER);
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
