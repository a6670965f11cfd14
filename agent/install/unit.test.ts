/** The units as systemd itself reads them: no complaint, and as closed as an agent can be. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { systemUnit, UNIT_NAME, userUnit } from "./unit.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/gitfleet");
/** Of 100; what systemd calls "OK" ends at 40. */
const EXPOSURE_MAX = 30;
/** Since systemd 254: older ones say that they do not know them, and go on. */
const SINCE_254 = /Unknown key(?: name)? '(?:RestartSteps|RestartMaxDelaySec)'/;

let scratch: Scratch;

beforeEach(() => {
  scratch = scratchFolder("unit");
});

afterEach(() => {
  scratch.remove();
});

/** What systemd complains about in our unit; of others it may say what it likes. */
function complaints(unit: string, ...options: string[]): string[] {
  const path = join(scratch.path, UNIT_NAME);
  writeFileSync(path, unit);
  const runtime = join(scratch.path, "run");
  mkdirSync(runtime, { recursive: true });
  const { stderr, error } = spawnSync("systemd-analyze", [...options, "verify", "--man=no", path], {
    encoding: "utf8",
    env: { ...process.env, XDG_RUNTIME_DIR: runtime },
  });
  if (error !== undefined) throw error;
  return stderr.split("\n").filter((line) => /gitfleet|[Ff]ailed/.test(line) && !SINCE_254.test(line));
}

function exposure(unit: string, max: number): { status: number | null; text: string } {
  const path = join(scratch.path, UNIT_NAME);
  writeFileSync(path, unit);
  const args = ["security", "--offline=yes", `--threshold=${max}`, "--no-pager", path];
  const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  return { status, text: stdout };
}

describe("the unit of the machine", () => {
  test("is understood by systemd, whatever its paths are made of", () => {
    expect(complaints(systemUnit({ exec: [PROGRAM, "agent"] }))).toEqual([]);
    const odd = { exec: [PROGRAM, "agent", "50% $HOME"], config: '/etc/a "b"/agent.yaml', stateDir: "/srv/my state" };
    expect(complaints(systemUnit(odd))).toEqual([]);
  });

  test("is not understood where a line is wrong, so that this test can tell", () => {
    const unit = systemUnit({ exec: [PROGRAM, "agent"] });
    expect(complaints(unit.replace("ProtectSystem=strict", "ProtectSystem=perhaps"))).not.toEqual([]);
    expect(complaints(systemUnit({ exec: ["/nowhere/gitfleet", "agent"] }))).not.toEqual([]);
  });

  test("leaves little open", () => {
    const unit = systemUnit({ exec: [PROGRAM, "agent"] });
    expect(exposure(unit, EXPOSURE_MAX)).toMatchObject({ status: 0 });
    expect(exposure(unit.replace(/^(?:CapabilityBoundingSet|SystemCallFilter)=.*$/gm, ""), EXPOSURE_MAX)).toMatchObject(
      { status: 1 },
    );
  });

  test("starts the program that it is given, with the settings of this device", () => {
    expect(systemUnit({ exec: ["/usr/bin/gitfleet", "agent"] })).toMatch(
      /^ExecStart=\/usr\/bin\/gitfleet agent --config \/etc\/gitfleet\/agent\.yaml$/m,
    );
    expect(systemUnit({ exec: ["/opt/50%/gitfleet", "a$b c"] })).toMatch(
      /^ExecStart=\/opt\/50%%\/gitfleet "a\$\$b c" --config /m,
    );
  });

  test("lets systemd make the state folder where it can, and opens it where it cannot", () => {
    expect(systemUnit({ exec: [PROGRAM, "agent"] })).toMatch(/^StateDirectory=gitfleet\nStateDirectoryMode=0700$/m);
    const elsewhere = systemUnit({ exec: [PROGRAM, "agent"], stateDir: "/srv/gitfleet" });
    expect(elsewhere).toMatch(/^ReadWritePaths=\/srv\/gitfleet$/m);
    expect(elsewhere).not.toContain("StateDirectory=");
  });

  test("signals the agent alone, waits longer than it needs, and keeps starting it", () => {
    const unit = systemUnit({ exec: [PROGRAM, "agent"] });
    for (const line of ["KillMode=process", "TimeoutStopSec=15s", "Restart=always", "StartLimitIntervalSec=0"])
      expect(unit.split("\n")).toContain(line);
  });

  test("does not forbid what Node's compiler needs", () => {
    expect(systemUnit({ exec: [PROGRAM, "agent"] })).not.toMatch(/^MemoryDenyWriteExecute/m);
  });
});

describe("the unit of a user", () => {
  const unit = userUnit({ exec: [PROGRAM, "agent"], config: "/home/kim/.config/gitfleet/agent.yaml" });

  test("is understood by systemd", () => {
    expect(complaints(unit, "--user")).toEqual([]);
  });

  test("asks for nothing that only root may", () => {
    expect(unit).not.toMatch(/^(?:CapabilityBoundingSet|Protect\w+|Private\w+|OOMScoreAdjust|StateDirectory)=/m);
    expect(unit).toMatch(/^WantedBy=default\.target$/m);
  });
});
