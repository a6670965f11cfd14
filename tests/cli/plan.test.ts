/** `gitfleet plan`: a folder against a commit, commits against each other. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deployment, device, put, SMALL_FLEET, testFolder, testRepository } from "./fleet-files.ts";
import { gitfleet } from "./gitfleet.ts";

interface PlanJson {
  base: string | null;
  head: string | null;
  added: number;
  updated: number;
  removed: number;
  changes: { device: string; deployment: string; action: string }[];
  warnings: { code: string }[];
}

async function plan(cwd: string, ...args: string[]): Promise<PlanJson> {
  const { code, stdout, stderr } = await gitfleet(["plan", "--format", "json", ...args], { cwd });
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as PlanJson;
}

describe("gitfleet plan", () => {
  test("never takes a damaged repository for one without commits", async () => {
    const repository = testRepository();
    const first = repository.commit("first", SMALL_FLEET);
    expect((await plan(repository.path, "--base", "HEAD^{commit}")).base).toBe(first);
    rmSync(join(repository.path, ".git/objects", first.slice(0, 2), first.slice(2)));
    const { code, stdout, stderr } = await gitfleet(["plan"], { cwd: repository.path });
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("the repository does not hold it");
  });

  test("of a folder outside of git adds everything", async () => {
    const answer = await plan(testFolder(SMALL_FLEET));
    expect(answer).toEqual({
      base: null,
      head: null,
      added: 2,
      updated: 0,
      removed: 0,
      changes: [
        { device: "kiosk-0001", deployment: "web", action: "add" },
        { device: "kiosk-0002", deployment: "web", action: "add" },
      ],
      warnings: [],
    });
  });

  test("compares the files with HEAD, and knows when they are exactly HEAD", async () => {
    const repository = testRepository();
    const first = repository.commit("first", SMALL_FLEET);
    expect(await plan(repository.path)).toMatchObject({ base: first, head: first, changes: [] });
    put(repository.path, "deployments/web.yaml", deployment("web", "registry.example/web:2"));
    expect(await plan(repository.path)).toMatchObject({ base: first, head: null, added: 0, updated: 2, removed: 0 });
  });

  test("compares with a commit that was named, and two commits with each other", async () => {
    const repository = testRepository();
    const first = repository.commit("first", SMALL_FLEET);
    const second = repository.commit("second", {
      "deployments/api.yaml": deployment("api", "registry.example/api:1", 9000),
    });
    const third = repository.commit("third", { "deployments/web.yaml": null });
    expect(await plan(repository.path, "--base", "HEAD~2")).toMatchObject({
      base: first,
      head: third,
      added: 2,
      removed: 2,
    });
    expect(await plan(repository.path, "--base", first, "--head", "HEAD^")).toMatchObject({
      base: first,
      head: second,
      added: 2,
      updated: 0,
      removed: 0,
    });
    expect((await plan(repository.path, "--base", "main", "--head", first)).changes).toEqual([
      { device: "kiosk-0001", deployment: "api", action: "remove" },
      { device: "kiosk-0001", deployment: "web", action: "add" },
      { device: "kiosk-0002", deployment: "api", action: "remove" },
      { device: "kiosk-0002", deployment: "web", action: "add" },
    ]);
  });

  test("works in a folder of a repository, also where the base has no such folder yet", async () => {
    const repository = testRepository();
    const first = repository.commit("first", { "README.md": "no fleet yet" });
    const files = Object.entries(SMALL_FLEET).map(([path, text]) => [`fleets/shop/${path}`, text] as const);
    const second = repository.commit("second", Object.fromEntries(files));
    const folder = join(repository.path, "fleets/shop");
    expect(await plan(folder, "--base", "HEAD~1")).toMatchObject({ base: first, head: second, added: 2 });
    expect(await plan(folder)).toMatchObject({ base: second, head: second, changes: [] });
  });

  test("adds everything before the first commit", async () => {
    const repository = testRepository();
    for (const [path, text] of Object.entries(SMALL_FLEET)) put(repository.path, path, text);
    expect(await plan(repository.path)).toMatchObject({ base: null, head: null, added: 2 });
  });

  test("reads a bare repository, whose head is HEAD", async () => {
    const repository = testRepository();
    const first = repository.commit("first", SMALL_FLEET);
    const second = repository.commit("second", { "devices/c.yaml": device("kiosk-0003") });
    const bare = join(repository.path, "../bare.git");
    repository.git("clone", "--quiet", "--bare", ".", bare);
    expect(await plan(bare, "--base", "HEAD~1")).toMatchObject({ base: first, head: second, added: 1 });
  });

  test("takes the base as if nothing was paused, and leaves out what head pauses with a warning", async () => {
    const repository = testRepository();
    repository.commit("first", SMALL_FLEET);
    put(repository.path, "devices/berlin.yaml", device("kiosk-0001", "role: kiosk", "{paused: true}"));
    const answer = await plan(repository.path);
    expect(answer.changes).toEqual([{ device: "kiosk-0002", deployment: "web", action: "remove" }]);
    expect(answer.warnings.map(({ code }) => code)).toContain("paused");
  });

  test("shows people each distinct change once, with its fields and devices", async () => {
    const repository = testRepository();
    repository.commit("first", SMALL_FLEET);
    put(repository.path, "deployments/web.yaml", deployment("web", "registry.example/web:2"));
    const { code, stdout } = await gitfleet(["plan"], { cwd: repository.path });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "~ web: update on 2 devices: kiosk-0001, kiosk-0002\n" +
        '    services[web].image  "registry.example/web:1" → "registry.example/web:2"\n' +
        "\n" +
        "0 added, 2 updated, 0 removed\n",
    );
  });

  test("writes Markdown for a pull request", async () => {
    const { stdout } = await gitfleet(["plan", "--format", "markdown"], { cwd: testFolder(SMALL_FLEET) });
    expect(stdout).toContain("**2 added, 0 updated, 0 removed**");
    expect(stdout).toContain("| `web` | add |");
  });

  test("ends with 1 on differences only where that is asked for", async () => {
    const repository = testRepository();
    repository.commit("first", SMALL_FLEET);
    expect((await gitfleet(["plan", "--exit-code"], { cwd: repository.path })).code).toBe(0);
    rmSync(join(repository.path, "deployments/web.yaml"));
    expect((await gitfleet(["plan"], { cwd: repository.path })).code).toBe(0);
    expect((await gitfleet(["plan", "--exit-code"], { cwd: repository.path })).code).toBe(1);
  });

  test("ends with 1 where the files or the base are not valid, with the problems on stderr", async () => {
    const repository = testRepository();
    repository.commit("broken", { ...SMALL_FLEET, "devices/x.yaml": "kind: Nonsense\n" });
    const head = await gitfleet(["plan"], { cwd: repository.path });
    expect([head.code, head.stdout]).toEqual([1, ""]);
    expect(head.stderr).toContain("devices/x.yaml:1:");
    rmSync(join(repository.path, "devices/x.yaml"));
    const base = await gitfleet(["plan"], { cwd: repository.path });
    expect([base.code, base.stdout]).toEqual([1, ""]);
    expect(base.stderr).toContain("The base is not valid");
  });

  test("ends with 2 where there is no such commit, or no repository to look for it in", async () => {
    const repository = testRepository();
    repository.commit("first", SMALL_FLEET);
    const missing = await gitfleet(["plan", "--base", "nope"], { cwd: repository.path });
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("nope is not a commit here")]);
    const outside = await gitfleet(["plan", "--base", "main"], { cwd: testFolder(SMALL_FLEET) });
    expect([outside.code, outside.stderr]).toEqual([2, expect.stringContaining("is in no git repository")]);
  });
});
