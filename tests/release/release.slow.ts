/** A whole release, made twice: equal checksums, and executables that run on the machines that they are for. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentExecutable, release } from "#release/release.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { gitfleet, type Ended } from "../cli/gitfleet.ts";

/** So that it takes a minute and not ten. */
const QUICK = 0;
const EMULATOR = join(packageRoot(), "node_modules/.cache/gitfleet/arm64");

let scratch: Scratch;
let out: string;
let sums: Map<string, string>;

beforeAll(async () => {
  scratch = scratchFolder("release");
  out = join(scratch.path, "first");
  sums = await release({ root: packageRoot(), out, level: QUICK });
});

afterAll(() => scratch.remove());

describe("a release", () => {
  test("is complete, and sha256sum agrees with its checksums", () => {
    expect([...sums.keys()]).toEqual([
      `gitfleet-${version}.cdx.json`,
      `gitfleet-${version}.tgz`,
      `gitfleet-agent-${version}-linux-arm64`,
      `gitfleet-agent-${version}-linux-x64`,
      `gitfleet-agent-${version}.cjs`,
      `gitfleet-agent_${version}_amd64.deb`,
      `gitfleet-agent_${version}_arm64.deb`,
    ]);
    const words = ["--check", "--strict", "--quiet", "SHA256SUMS"];
    expect(execFileSync("sha256sum", words, { cwd: out, encoding: "utf8" })).toBe("");
  });

  test("made again in another folder has the same bytes, file by file", async () => {
    expect(await release({ root: packageRoot(), out: join(scratch.path, "second"), level: QUICK })).toEqual(sums);
  });
});

describe.each(["x64", "arm64"] as const)("the executable for %s", (arch) => {
  const run = async (...args: string[]): Promise<Ended> => {
    const [program = "", ...words] = [...emulated(arch), agentExecutable(out, arch), ...args];
    return await gitfleet(words, { program, cwd: scratch.path });
  };

  test("needs no Node: it says what it is and what it can do", async () => {
    expect(await run("--version")).toEqual({ code: 0, stdout: `gitfleet ${version}\n`, stderr: "" });
    expect((await run("agent", "--help")).stdout).toContain("gitfleet agent --device-id");
  });

  test("takes its own words and no options for Node", async () => {
    expect(await run("--inspect")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("before any command") as unknown,
    });
  });

  test("is what the Debian package installs", () => {
    const name = { x64: "amd64", arm64: "arm64" }[arch];
    const root = join(scratch.path, `root-${arch}`);
    execFileSync("dpkg-deb", ["-x", join(out, `gitfleet-agent_${version}_${name}.deb`), root]);
    expect(readFileSync(join(root, "usr/bin/gitfleet")).equals(readFileSync(agentExecutable(out, arch)))).toBe(true);
  });
});

/** What has to stand before a program for this machine, here. */
function emulated(arch: string): string[] {
  if (arch === process.arch) return [];
  if (arch !== "arm64") throw new Error(`there is no emulator for ${arch} here: run the slow tests on an x64 machine`);
  return [join(EMULATOR, "qemu/usr/bin/qemu-aarch64-static"), "-L", join(EMULATOR, "libraries")];
}
