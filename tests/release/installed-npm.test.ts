/** The npm package as a person installs it: into an empty folder, by npm, for the Node versions that it is for. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPackage } from "#release/build.ts";
import { nodeBinary, releasedNodeVersion, type Arch } from "#release/node-binary.ts";
import { packNpm } from "#release/npm-package.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { gitfleet, type Ended } from "../cli/gitfleet.ts";
import { commandsIn } from "../deploy/shell-blocks.ts";

/** The oldest line that is still supported, and the one that gitfleet is made with. */
const NODES = ["22.23.3", releasedNodeVersion(packageRoot())];

let scratch: Scratch;
let shop: string;

beforeAll(async () => {
  scratch = scratchFolder("npm");
  const built = join(scratch.path, "built");
  await buildPackage(packageRoot(), built);
  const packed = packNpm(built, scratch.path);
  shop = join(scratch.path, "shop");
  mkdirSync(shop);
  writeFileSync(join(shop, "package.json"), '{"private": true}');
  execFileSync("npm", ["install", packed, "--no-audit", "--no-fund", "--offline"], { cwd: shop, stdio: "pipe" });
});

afterAll(() => scratch.remove());

describe.each(NODES)("installed from the package, with Node %s", (node) => {
  let run: (...args: string[]) => Promise<Ended>;

  beforeAll(() => {
    const program = nodeBinary(packageRoot(), { version: node, arch: process.arch as Arch });
    const env = { PATH: `${dirname(program)}:${process.env["PATH"] ?? ""}` };
    run = async (...args) =>
      await gitfleet(args, { program: join(shop, "node_modules/.bin/gitfleet"), cwd: shop, env });
  });

  test("it says what it is and what it can do", async () => {
    expect((await run("--version")).stdout).toBe(`gitfleet ${version}\n`);
    expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("gitfleet init") as unknown });
  });

  test("it makes a fleet, checks it, shows what would run and what an edit changes", async () => {
    const fleet = `fleet-${node}`;
    expect(await run("init", fleet)).toMatchObject({ code: 0, stderr: "" });
    expect(await run("validate", fleet)).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse((await run("render", fleet)).stdout.split("\n")[0] ?? "")).toHaveProperty("key");
    commit(join(shop, fleet));
    const file = join(shop, fleet, "deployments/kiosk.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/image: (\S+):\S+/, "image: $1:9.9"));
    const { stdout } = await run("plan", fleet, "--base", "HEAD", "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject({ added: 0, removed: 0, updated: expect.any(Number) as unknown });
    expect(JSON.parse(stdout)).not.toMatchObject({ updated: 0 });
  });

  test("a broken fleet is told with file, line and column", async () => {
    const fleet = `broken-${node}`;
    await run("init", fleet);
    writeFileSync(join(shop, fleet, "deployments/odd.yaml"), "kind: Nothing\n");
    const { code, stdout } = await run("validate", fleet);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^deployments\/odd\.yaml:1:\d+/m)]);
  });

  test("the agent starts as far as its settings", async () => {
    expect(await run("agent")).toMatchObject({ code: 2, stderr: expect.stringContaining("--device-id") as unknown });
  });
});

test("the README's block for laptops works word by word", () => {
  const readme = readFileSync(join(packageRoot(), "README.md"), "utf8");
  const commands = commandsIn(/^## Install on a laptop\n(.*?)^## /ms.exec(readme)?.[1] ?? "");
  expect(commands.map(([program]) => program)).toEqual(["npm", "gitfleet", "gitfleet"]);
  const prefix = join(scratch.path, "prefix");
  const path = `${join(prefix, "bin")}:${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, PATH: path, npm_config_prefix: prefix, npm_config_offline: "true" };
  const printed = commands.map(([program = "", ...words]) =>
    execFileSync(program, words, { cwd: scratch.path, env, encoding: "utf8", stdio: "pipe" }),
  );
  expect(printed.at(-1)).toMatch(/^valid: /);
});

test("nothing else came with it", () => {
  expect(readdirSync(join(shop, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["gitfleet"]);
});

function commit(folder: string): void {
  const person = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
  execFileSync("git", ["add", "--all"], { cwd: folder });
  execFileSync("git", [...person, "commit", "--quiet", "--message=A fleet"], { cwd: folder });
}
