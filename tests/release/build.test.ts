/** The compiled gitfleet, somewhere else than in a checkout: it does all that the sources do, and brings all it needs. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { buildPackage } from "#release/build.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { gitfleet, type Ended } from "../cli/gitfleet.ts";

let scratch: Scratch;
let built: string;

beforeAll(async () => {
  scratch = scratchFolder("build");
  built = join(scratch.path, "gitfleet");
  await buildPackage(packageRoot(), built);
});

afterAll(() => scratch.remove());

async function run(...args: string[]): Promise<Ended> {
  return await gitfleet(args, { program: join(built, "bin/gitfleet"), cwd: scratch.path });
}

describe("the compiled command line", () => {
  test("says the version of the sources", async () => {
    expect(await run("--version")).toEqual({ code: 0, stdout: `gitfleet ${version}\n`, stderr: "" });
  });

  test("makes a fleet from its own template and agrees with it", async () => {
    expect((await run("init", "fleet")).code).toBe(0);
    expect(readdirSync(join(scratch.path, "fleet"))).toEqual(expect.arrayContaining(["deployments", "fleet.yaml"]));
    expect((await run("validate", "fleet")).stdout).toMatch(/^valid: \d+ deployments/);
    const rendered = await run("render", "fleet");
    expect(rendered).toEqual(await gitfleet(["render", join(scratch.path, "fleet")]));
    execFileSync("git", ["-C", "fleet", "add", "--all"], { cwd: scratch.path });
    const person = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    execFileSync("git", ["-C", "fleet", ...person, "commit", "--quiet", "--message=A fleet"], { cwd: scratch.path });
    expect((await run("plan", "fleet", "--base", "HEAD")).stdout).toContain("nothing changes");
  });

  test.each(COMMANDS.map(({ name }) => name))("%s is there and shows its help", async (name) => {
    const { code, stdout } = await run(...name.split(" "), "--help");
    expect(stdout).toContain(`gitfleet ${name}: `);
    expect(code).toBe(0);
  });

  test("a wrong word ends as it does from sources", async () => {
    expect(await run("valdate")).toEqual(await gitfleet(["valdate"]));
  });
});

describe("what it is made of", () => {
  test("nothing is imported that only a checkout or node_modules has", () => {
    const compiled = readdirSync(join(built, "dist")).map((name) => readFileSync(join(built, "dist", name), "utf8"));
    const imported = compiled.flatMap((text) =>
      [...text.matchAll(/^(?:import|export)\b[^;"]*"([^"]+)"|\bimport\("([^"]+)"\)/gm)].map((m) => m[1] ?? m[2] ?? ""),
    );
    expect(imported.length).toBeGreaterThan(COMMANDS.length);
    const foreign = imported.filter((name) => !/^\.\/[\w-]+\.mjs$/.test(name) && !isBuiltin(name));
    expect(foreign).toEqual([]);
  });

  test("its package asks for no others, and every licence of what is bundled comes along", async () => {
    const manifest = JSON.parse(readFileSync(join(built, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest).toMatchObject({ name: "gitfleet", version, bin: { gitfleet: "bin/gitfleet" } });
    expect(manifest).not.toHaveProperty("dependencies");
    const notices = readFileSync(join(built, "THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of ["zod", "dockerode", "@nats-io/nats-core", "@octokit/rest"])
      expect(notices).toMatch(new RegExp(`^${name} [0-9.]+ \\(.+\\)$`, "m"));
    expect(notices).toContain("Permission is hereby granted, free of charge");
  });
});

function isBuiltin(name: string): boolean {
  return builtinModules.includes(name.replace(/^node:/, ""));
}
