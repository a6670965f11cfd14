/** The Debian package around a small program: what is in it, what installing does where systemd does not run, equal bytes. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemUnit } from "#agent/install/unit.ts";
import { debianVersion, makeDebianPackage } from "#release/debian-package.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";

const DATE_SECONDS = 1_700_000_000;

let scratch: Scratch;
let debian: string;

beforeAll(() => {
  scratch = scratchFolder("deb");
  writeFileSync(join(scratch.path, "program"), "#!/bin/sh\necho gitfleet\n");
  debian = make("first");
});

afterAll(() => scratch.remove());

function make(folder: string, version = "1.2.3"): string {
  const out = join(scratch.path, folder);
  mkdirSync(out, { recursive: true });
  const executable = join(scratch.path, "program");
  const about = { root: packageRoot(), arch: "x64", version, copyright: "All of it is free.\n" } as const;
  return makeDebianPackage({ ...about, executable, dateSeconds: DATE_SECONDS, level: 1, out });
}

function dpkgDeb(...args: string[]): string {
  return execFileSync("dpkg-deb", args, { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
}

/** dpkg with a root of its own, in which nothing else is installed. */
function dpkg(root: string, ...args: string[]): { status: number | null; text: string } {
  for (const name of ["info", "updates", "triggers"]) mkdirSync(join(root, "var/lib/dpkg", name), { recursive: true });
  for (const name of ["status", "available"]) writeFileSync(join(root, "var/lib/dpkg", name), "", { flag: "a" });
  const how = [`--root=${root}`, "--force-depends", "--force-script-chrootless", "--force-not-root", "--log=/dev/null"];
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const { status, stdout, stderr } = spawnSync("dpkg", [...how, ...args], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  return { status, text: stdout + stderr };
}

describe("the package", () => {
  test("says what it is, for which machine, and what it wants beside it", () => {
    const info = dpkgDeb("--info", debian);
    for (const line of [
      "Package: gitfleet-agent",
      "Version: 1.2.3",
      "Architecture: amd64",
      "Recommends: podman (>= 4.3)",
    ])
      expect(info).toContain(`${line}\n`);
    expect(debian).toMatch(/\/gitfleet-agent_1\.2\.3_amd64\.deb$/);
    expect(debianVersion("1.0.0-rc.1")).toBe("1.0.0~rc.1");
  });

  test("holds the program, its unit, its settings and its licences, all of root, all of one time", () => {
    const lines = dpkgDeb("--contents", debian).trim().split("\n");
    const files = lines.filter((line) => !line.startsWith("d")).map((line) => line.split(/\s+/));
    expect(files.map(([mode, owner, , day, time, path]) => [mode, owner, day, time, path])).toEqual([
      ["-rw-r-----", "root/root", "2023-11-14", "22:13", "./etc/gitfleet/agent.yaml"],
      ["-rwxr-xr-x", "root/root", "2023-11-14", "22:13", "./usr/bin/gitfleet"],
      ["-rw-r--r--", "root/root", "2023-11-14", "22:13", "./usr/lib/systemd/system/gitfleet-agent.service"],
      ["-rw-r--r--", "root/root", "2023-11-14", "22:13", "./usr/share/doc/gitfleet-agent/copyright"],
    ]);
  });

  test("unpacked, the program runs and the unit is the one that gitfleet agent install writes", () => {
    const root = join(scratch.path, "unpacked");
    execFileSync("dpkg-deb", ["-x", debian, root]);
    expect(execFileSync(join(root, "usr/bin/gitfleet"), { encoding: "utf8" })).toBe("gitfleet\n");
    const unit = readFileSync(join(root, "usr/lib/systemd/system/gitfleet-agent.service"), "utf8");
    expect(unit).toBe(systemUnit({ exec: ["/usr/bin/gitfleet", "agent"] }));
  });

  test("made again somewhere else, it has the same bytes", () => {
    expect(readFileSync(make("second")).equals(readFileSync(debian))).toBe(true);
    expect(readFileSync(make("third", "1.2.4")).equals(readFileSync(debian))).toBe(false);
  });
});

describe("installed where systemd does not run", () => {
  test("it works, keeps a person's settings over an upgrade, and goes without a trace when purged", () => {
    const root = join(scratch.path, "machine");
    expect(dpkg(root, "--install", debian)).toMatchObject({
      status: 0,
      text: expect.stringContaining("name this device in /etc/gitfleet/agent.yaml") as unknown,
    });
    const settings = join(root, "etc/gitfleet/agent.yaml");
    writeFileSync(settings, "device-id: kiosk-0001\n");
    expect(dpkg(root, "--install", make("newer", "1.2.4"))).toMatchObject({ status: 0 });
    expect(readFileSync(settings, "utf8")).toBe("device-id: kiosk-0001\n");
    mkdirSync(join(root, "var/lib/gitfleet"));
    mkdirSync(join(root, "etc/gitfleet/credentials"));
    writeFileSync(join(root, "etc/gitfleet/credentials/nats.creds"), "secret");
    expect(dpkg(root, "--purge", "gitfleet-agent")).toMatchObject({ status: 0 });
    for (const path of ["usr/bin/gitfleet", "etc/gitfleet", "var/lib/gitfleet"])
      expect(statSync(join(root, path), { throwIfNoEntry: false })).toBeUndefined();
  });
});
