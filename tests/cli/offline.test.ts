/** Commands that need no server: init, validate, render, explain, schema. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deployment, device, put, SMALL_FLEET, testFolder, testRepository } from "./fleet-files.ts";
import { gitfleet } from "./gitfleet.ts";

const BROKEN = {
  ...SMALL_FLEET,
  "deployments/web.yaml": `${deployment("web")}          prots: []\n`,
  "devices/more.yaml": device("kiosk-0001"),
};

describe("gitfleet validate", () => {
  test("says in one line that a repository is valid", async () => {
    const { code, stdout, stderr } = await gitfleet(["validate"], { cwd: testFolder(SMALL_FLEET) });
    expect([code, stdout, stderr]).toEqual([0, "valid: 1 deployment, 3 devices\n", ""]);
  });

  test("prints every problem with file:line:column and ends with 1", async () => {
    const { code, stdout, stderr } = await gitfleet(["validate", testFolder(BROKEN)]);
    expect([code, stderr]).toEqual([1, ""]);
    const [first, second, verdict] = stdout.split("\n");
    expect(first).toMatch(/^deployments\/web\.yaml:14:11: unknown-field: .*did you mean "ports"/);
    expect(second).toMatch(/^devices\/more\.yaml:3:18: duplicate-name: /);
    expect(verdict).toBe("not valid: 2 problems in 2 files (1 deployment, 4 devices)");
  });

  test("gives programs one JSON object with these members and no others", async () => {
    const { code, stdout } = await gitfleet(["validate", testFolder(BROKEN), "--format", "json"]);
    expect(code).toBe(1);
    const answer = JSON.parse(stdout) as { problems: object[] };
    expect(Object.keys(answer)).toEqual(["valid", "problems", "deployments", "devices"]);
    expect(answer).toMatchObject({ valid: false, deployments: 1, devices: 4 });
    expect(Object.keys(answer.problems[0] ?? {})).toEqual(["file", "line", "column", "code", "message"]);
    const valid = await gitfleet(["validate", testFolder(SMALL_FLEET), "--format", "json"]);
    expect(JSON.parse(valid.stdout)).toEqual({ valid: true, problems: [], deployments: 1, devices: 3 });
  });

  test("annotates for GitHub with paths from the top of the checkout, and nothing that ends a command early", async () => {
    const repository = testRepository();
    put(repository.path, "fleets/shop,1/devices/a.yaml", 'apiVersion: gitfleet.dev/v1alpha1\nkind: "De%v::x"\n');
    const { code, stdout } = await gitfleet(["validate", join(repository.path, "fleets/shop,1"), "--format", "github"]);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line).toMatch(/^::error file=fleets\/shop%2C1\/devices\/a\.yaml,line=\d+,col=\d+,title=[a-z-]+::/);
    }
    expect(lines[0]).toContain("De%25v");
  });

  test("reports links, and follows none", async () => {
    const folder = testFolder(SMALL_FLEET);
    symlinkSync("/etc/passwd", join(folder, "devices/link.yaml"));
    const { code, stdout } = await gitfleet(["validate", folder]);
    expect(code).toBe(1);
    expect(stdout).toContain("devices/link.yaml:1:1: not-a-file: ");
    expect(stdout).not.toContain("root:");
  });

  test("reads a folder within a repository, and ignores everything that is no fleet file", async () => {
    const folder = testFolder({ "README.md": "# hello", "status/fleet.yaml": "nonsense: [", ".github/x.yaml": "x: [" });
    for (const [path, text] of Object.entries(SMALL_FLEET)) put(folder, path, text);
    expect((await gitfleet(["validate", folder])).stdout).toBe("valid: 1 deployment, 3 devices\n");
  });

  test("takes an empty folder as an empty fleet, and warns", async () => {
    const { code, stdout, stderr } = await gitfleet(["validate"], { cwd: testFolder({ "README.md": "hello" }) });
    expect([code, stdout]).toEqual([0, "valid: 0 deployments, 0 devices\n"]);
    expect(stderr).toContain("Is it the right folder?");
  });

  test("says what is not looked at where devices may report themselves", async () => {
    const settings = "apiVersion: gitfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: shop}\n";
    const fleet = `${settings}spec: {devices: {admission: reported}}\n`;
    const { code, stdout, stderr } = await gitfleet(["validate", testFolder({ ...SMALL_FLEET, "fleet.yaml": fleet })]);
    expect([code, stdout]).toEqual([0, "valid: 1 deployment, 3 devices\n"]);
    expect(stderr).toContain("only declared devices");
  });

  test("reads a file whatever its name holds", async () => {
    const { stdout } = await gitfleet(["validate", testFolder({ "devices/a\nb.yaml": "x" }), "--format", "json"]);
    const { problems } = JSON.parse(stdout) as { problems: { file: string }[] };
    expect(problems.map(({ file }) => file)).toEqual(["devices/a\nb.yaml"]);
  });

  test("lets no control sequence of a file reach the terminal", async () => {
    const folder = testFolder({ "devices/a.yaml": 'kind: "\\u001b[2Jx"\n' });
    const { stdout } = await gitfleet(["validate", folder]);
    expect(stdout).not.toContain("\u001b");
  });
});

describe("gitfleet render", () => {
  const files = { ...SMALL_FLEET, "deployments/api.yaml": deployment("api", "registry.example/api:1", 9090) };

  test("prints a line for each key, sorted by the bytes of the whole key, canonical values", async () => {
    const extra = { ...files, "devices/odd.yaml": `${device("kiosk-0001-b")}---\n${device("kiosk-00010")}` };
    const { code, stdout, stderr } = await gitfleet(["render", testFolder(extra)]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    const keys = lines.map((line) => (JSON.parse(line) as { key: string }).key);
    expect(keys).toEqual([
      "kiosk-0001-b.api",
      "kiosk-0001-b.web",
      "kiosk-0001.api",
      "kiosk-0001.web",
      "kiosk-00010.api",
      "kiosk-00010.web",
      "kiosk-0002.api",
      "kiosk-0002.web",
    ]);
    expect(lines[3]).toBe(
      '{"key":"kiosk-0001.web","value":{"data":{"services":[{"image":"registry.example/web:1","name":"web","ports":["8080:80"]}]},"type":"PodmanV0"}}',
    );
  });

  test("narrows to a device and a deployment", async () => {
    const folder = testFolder(files);
    const one = await gitfleet(["render", folder, "--device", "kiosk-0002", "--deployment", "api"]);
    expect(one.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(one.stdout).toContain('"key":"kiosk-0002.api"');
  });

  test("prints YAML documents", async () => {
    const { stdout } = await gitfleet([
      "render",
      testFolder(SMALL_FLEET),
      "--format",
      "yaml",
      "--device",
      "kiosk-0001",
    ]);
    expect(stdout).toMatch(/^---\nkey: kiosk-0001\.web\nvalue:\n/);
  });

  test("ends with 1 and an empty stdout where the repository is not valid", async () => {
    const { code, stdout, stderr } = await gitfleet(["render", testFolder(BROKEN)]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("unknown-field");
  });

  test("ends with 1 and a suggestion where nothing has the name", async () => {
    const { code, stdout, stderr } = await gitfleet(["render", testFolder(SMALL_FLEET), "--device", "kiosk-001"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Did you mean kiosk-0001?");
  });

  test("leaves out what is paused, and says so on stderr", async () => {
    const folder = testFolder({
      ...SMALL_FLEET,
      "devices/paused.yaml": device("kiosk-0003", "role: kiosk", "{paused: true}"),
    });
    const { code, stdout, stderr } = await gitfleet(["render", folder]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("kiosk-0003");
    expect(stderr).toContain("paused");
  });
});

describe("gitfleet explain", () => {
  test("says what runs with file, line and labels, and why another does not", async () => {
    const folder = testFolder(SMALL_FLEET);
    const kiosk = await gitfleet(["explain", "kiosk-0001", folder]);
    expect(kiosk.code).toBe(0);
    expect(kiosk.stdout).toMatch(/runs\n {2}web {2}deployments\/web\.yaml:\d+ {2}role=kiosk/);
    const till = await gitfleet(["explain", "till-0001"], { cwd: folder });
    expect(till.stdout).toMatch(/does not run\n {2}web .*wants role=kiosk, it has role=till/);
  });

  test("ends with 1 and a suggestion for a device that is not declared", async () => {
    const { code, stdout, stderr } = await gitfleet(["explain", "kiosk-001", testFolder(SMALL_FLEET)]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Did you mean kiosk-0001?");
  });
});

describe("gitfleet schema", () => {
  test("prints JSON Schema of one kind or of all", async () => {
    const one = JSON.parse((await gitfleet(["schema", "deployment"])).stdout) as { title: string };
    expect(one.title).toBe("Deployment");
    const all = JSON.parse((await gitfleet(["schema"])).stdout) as { oneOf: { title: string }[] };
    expect(all.oneOf.map(({ title }) => title).toSorted()).toEqual(["Deployment", "Device", "DeviceSelector", "Fleet"]);
  });
});

describe("gitfleet init", () => {
  test("makes a repository under git that is valid, and says what comes next", async () => {
    const folder = join(testFolder(), "my-fleet");
    const made = await gitfleet(["init", folder]);
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("gitfleet validate");
    const valid = await gitfleet(["validate"], { cwd: folder });
    expect([valid.code, valid.stderr]).toEqual([0, ""]);
    const planned = JSON.parse((await gitfleet(["plan", "--format", "json"], { cwd: folder })).stdout) as {
      added: number;
    };
    expect(planned.added).toBeGreaterThan(0);
  });

  test("overwrites nothing", async () => {
    const folder = testFolder({ "notes.txt": "mine" });
    const { code, stderr } = await gitfleet(["init", folder]);
    expect(code).toBe(2);
    expect(stderr).toContain("is not empty (it has notes.txt)");
  });

  test("ends with what to do where no folder can be made", async () => {
    const { code, stderr } = await gitfleet(["init", "/proc/fleet/inner"]);
    expect(code).toBe(3);
    expect(stderr).toContain("Name a folder that you may write to.");
    const inFile = join(testFolder({ notes: "mine" }), "notes/fleet");
    expect((await gitfleet(["init", inFile])).code).toBe(2);
  });

  test("prints a next step that a shell takes as it is", async () => {
    const { stdout } = await gitfleet(["init", "my fleet"], { cwd: testFolder() });
    expect(stdout).toContain("cd 'my fleet'\n");
  });

  test("fills a repository that was just cloned empty", async () => {
    const folder = testFolder();
    mkdirSync(join(folder, ".git"));
    expect((await gitfleet(["init"], { cwd: folder })).code).toBe(0);
  });
});
