/** What is the same for every machine: made twice in different places it has the same bytes, and it says truly what is in it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEVICE_COMMANDS } from "#cli/device-commands.ts";
import { writeChecksums } from "#release/checksums.ts";
import { agentBundle, releasePortable } from "#release/release.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { gitfleet } from "../cli/gitfleet.ts";
import { repositoryFiles } from "../repository/files.ts";

const BUNDLE_MAX_BYTES = 150_000;
const SCHEMAS = join(packageRoot(), "node_modules/@cyclonedx/cyclonedx-library/res/schema");

let scratch: Scratch;
let here: string;

beforeAll(async () => {
  scratch = scratchFolder("portable");
  here = join(scratch.path, "here");
  mkdirSync(here);
  await releasePortable({ root: packageRoot(), out: here });
});

afterAll(() => scratch.remove());

test("made again from another folder, every file is the same", { timeout: 180_000 }, async () => {
  const elsewhere = join(scratch.path, "a/longer path/elsewhere");
  copyCheckout(elsewhere);
  const out = join(elsewhere, "out");
  mkdirSync(out);
  const program = `
    import { releasePortable } from ${JSON.stringify(join(elsewhere, "release/release.ts"))};
    await releasePortable({ root: ${JSON.stringify(elsewhere)}, out: ${JSON.stringify(out)} });`;
  const env = { ...process.env, SOURCE_DATE_EPOCH: commitDate(), TZ: "Asia/Tokyo", LC_ALL: "C" };
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: elsewhere, env, stdio: "pipe" });
  expect(await writeChecksums(out)).toEqual(await writeChecksums(here));
});

describe("the agent's bundle", () => {
  test("is small enough for a device that is paid by the byte", () => {
    expect(brotliCompressSync(readFileSync(agentBundle(here))).length).toBeLessThan(BUNDLE_MAX_BYTES);
  });

  test("has the commands of a device and no others", async () => {
    const run = async (...args: string[]) =>
      await gitfleet([agentBundle(here), ...args], { program: process.execPath, cwd: scratch.path });
    expect((await run("--version")).stdout).toBe(`gitfleet ${version}\n`);
    for (const name of DEVICE_COMMANDS.map((command) => command.name))
      expect((await run(...name.split(" "), "--help")).stdout).toContain(`gitfleet ${name}: `);
    expect(await run("reconciler")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no command") as unknown,
    });
  });
});

describe("the bill of materials", () => {
  const bill = (): Bill => JSON.parse(readFileSync(join(here, `gitfleet-${version}.cdx.json`), "utf8")) as Bill;

  test("is CycloneDX, as its own schema has it", () => {
    const validate = cycloneDx();
    validate(bill());
    expect(validate.errors).toBeNull();
    expect(validate({ ...bill(), components: [{ name: "without a type" }] })).toBe(false);
  });

  test("names what is shipped, and nothing of what only a checkout needs", () => {
    const names = bill().components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["zod", "dockerode", "@octokit/rest", "node"]));
    for (const name of ["vitest", "esbuild", "typescript", "ssh2", "protobufjs"]) expect(names).not.toContain(name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("tells the agent from the command line, and gives the checksum of each package", () => {
    const parts = (wanted: string): string[] =>
      (bill().components.find(({ name }) => name === wanted)?.properties ?? []).map(({ value }) => value);
    expect(parts("zod")).toEqual(["npm package", "agent"]);
    expect(parts("@octokit/rest")).toEqual(["npm package"]);
    const libraries = bill().components.filter(({ type }) => type === "library");
    for (const { hashes } of libraries) expect(hashes?.[0]?.content).toMatch(/^[0-9a-f]{128}$/);
  });
});

interface Bill {
  readonly components: readonly {
    readonly type: string;
    readonly name: string;
    readonly properties?: readonly { readonly value: string }[];
    readonly hashes?: readonly { readonly content: string }[];
  }[];
}

function cycloneDx() {
  const ajv = new Ajv({ strict: false, logger: false });
  addFormats.default(ajv);
  const schema = (name: string): object => JSON.parse(readFileSync(join(SCHEMAS, name), "utf8")) as object;
  // They are referred to by the names of their files.
  for (const name of [
    "spdx.SNAPSHOT.schema.json",
    "jsf-0.82.SNAPSHOT.schema.json",
    "cryptography-defs.SNAPSHOT.schema.json",
  ])
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}`);
  return ajv.compile(schema("bom-1.6.SNAPSHOT.schema.json"));
}

function copyCheckout(target: string): void {
  for (const path of repositoryFiles()) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(packageRoot(), path), join(target, path));
  }
  symlinkSync(join(packageRoot(), "node_modules"), join(target, "node_modules"));
}

function commitDate(): string {
  return execFileSync("git", ["-C", packageRoot(), "log", "-1", "--format=%ct"], { encoding: "utf8" }).trim();
}
