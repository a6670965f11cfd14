/** The set-up: quick where all is there, and plain words where it is not. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";

const root = resolve(import.meta.dirname, "../..");
let scratch: Scratch;

beforeEach(() => {
  scratch = scratchFolder("setup");
});

afterEach(() => {
  scratch.remove();
});

test("a set-up with nothing to do says nothing and succeeds", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/setup.mjs", "--for", "test"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("an unknown purpose is wrong usage", () => {
  const { status, stderr } = spawnSync(process.execPath, ["bin/setup.mjs", "--for", "fun"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toContain("usage: node bin/setup.mjs [--for demo|test|slow|bench]");
});

test("npm packages are stale where one is missing or of another version, not where a platform's own is left out", async () => {
  // Plain JavaScript without types; a path that is not a literal keeps the compiler out of it.
  const path: string = join(root, "bin/setup/npm-packages.mjs");
  const { staleness } = (await import(path)) as { staleness: (folder: string) => string | null };
  copyFileSync(join(root, "package-lock.json"), join(scratch.path, "package-lock.json"));
  expect(staleness(scratch.path)).toBe("none are installed");

  mkdirSync(join(scratch.path, "node_modules"));
  const installed = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  const write = (): void =>
    writeFileSync(join(scratch.path, "node_modules", ".package-lock.json"), JSON.stringify(installed));
  write();
  expect(staleness(scratch.path)).toBeNull();

  installed.packages["node_modules/zod"] = { version: "0.0.1" };
  write();
  expect(staleness(scratch.path)).toMatch(/^zod is not \d/);
});

test("node_modules/.bin/node is Node 24 and the NATS client's packages are direct dependencies", () => {
  const { stdout } = spawnSync(join(root, "node_modules/.bin/node"), ["--version"], { encoding: "utf8" });
  expect(stdout).toMatch(/^v24\./);
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies).filter((name) => name.startsWith("@nats-io/"))).toEqual([
    "@nats-io/jetstream",
    "@nats-io/kv",
    "@nats-io/transport-node",
  ]);
});
