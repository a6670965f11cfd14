/** How gitfleet is called: help, mistakes, settings from flags, environment and files. */
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { put, SMALL_FLEET, testFolder } from "./fleet-files.ts";
import { gitfleet } from "./gitfleet.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/gitfleet");
const NOWHERE = "nats://127.0.0.1:1";

describe("help", () => {
  test("shows the overview on stdout, examples first", async () => {
    const { code, stdout, stderr } = await gitfleet(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    await expect(stdout).toMatchFileSnapshot("golden/help.txt");
  });

  test.each(COMMANDS.map(({ name }) => name))("of %s shows examples before options and ends with 0", async (name) => {
    const { code, stdout, stderr } = await gitfleet([...name.split(" "), "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.indexOf("Examples:")).toBeGreaterThan(0);
    expect(stdout.indexOf("Examples:")).toBeLessThan(stdout.indexOf("Usage:"));
    expect(stdout.indexOf("Usage:")).toBeLessThan(stdout.indexOf("Options:"));
  });

  test("of plan is this text", async () => {
    const { stdout } = await gitfleet(["help", "plan"]);
    await expect(stdout).toMatchFileSnapshot("golden/help-plan.txt");
  });

  test("names an environment variable for each option", async () => {
    const { stdout } = await gitfleet(["status", "--help"]);
    for (const line of stdout.split("\n").filter((text) => /^ {2}--(?!help)/.test(text))) {
      expect(line).toMatch(/\[GITFLEET_[A-Z_]+\]$/);
    }
  });

  test("is shown on stderr, as a mistake, when no command is named", async () => {
    const { code, stdout, stderr } = await gitfleet([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Examples:");
  });
});

describe("gitfleet --version", () => {
  test("prints the version", async () => {
    const { code, stdout } = await gitfleet(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^gitfleet \d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage", () => {
  test.each([
    [["valdate"], 'there is no command "valdate"', "Did you mean gitfleet validate?"],
    [["agent", "logz", "web"], 'there is no command "agent logz"', "There is gitfleet agent logs."],
    [["validate", "--fromat", "json"], "there is no option --fromat", "Did you mean --format?"],
    [["validate", "--format", "xml"], '--format: "xml" is not one of text, json, github', ""],
    [["validate", "--format"], "--format needs a value", "text or json or github"],
    [["validate", "a", "b"], '"b" is one argument too many', ""],
    [["validate", "--format", "json", "--format", "text"], "--format is given twice", ""],
    [["validate", "/nonexistent/fleet"], "there is no folder /nonexistent/fleet", ""],
    [["explain"], "DEVICE is missing", ""],
    [["explain", "Not_An_Id"], '"Not_An_Id" cannot be a device id', ""],
    [["schema", "Deploymnet"], 'there is no kind "Deploymnet"', "Did you mean Deployment?"],
    [["plan", "--live", "--base", "main"], "--base and --live exclude each other", ""],
    [["agent", "--device-id", "Kiosk"], "--device-id: a device id is", ""],
    [["reconciler"], "--repo URL|PATH is missing (or set GITFLEET_REPO)", ""],
    [["reconciler", "--repo", "ssh://git.example/fleet"], "ssh:// is not supported", ""],
    [["reconciler", "--repo", ".", "--poll-interval", "soon"], '--poll-interval: "soon" is not a duration', ""],
    [["reconciler", "--repo", ".", "--poll-interval", "0s"], '--poll-interval: "0s" is too short: at least 100ms', ""],
    // Longer than another reconciler would believe: both would hold it.
    [["reconciler", "--repo", ".", "--lease", "2m"], '--lease: "2m" is too long: at most 1m', ""],
    [["reconciler", "--repo", ".", "--listen", "9280"], '--listen: "9280" is no address: write host:port, or off', ""],
    [["status-bot", "--repo", ".", "--poll-interval", "0s"], "--poll-interval", "at least 100ms"],
    [["agent", "--device-id", "k", "--heartbeat-interval", "0s"], "--heartbeat-interval", "at least 100ms"],
    [["agent", "--device-id", "k", "--resync-interval", "0s"], "--resync-interval", "at least 100ms"],
    [["simulate"], "--devices N is missing", ""],
    [["--nats", NOWHERE, "status"], "--nats stands before any command", ""],
    [["status", "--nats", "http://x"], "--nats: a NATS server is written nats://host:port", ""],
    [["status-bot"], "--repo URL|PATH is missing (or set GITFLEET_REPO)", ""],
  ])("%j ends with 2, says what is wrong on stderr, and prints nothing on stdout", async (args, message, hint) => {
    const { code, stdout, stderr } = await gitfleet(args, { cwd: testFolder() });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("settings", () => {
  test("come from the environment where no flag is given, and a flag wins", async () => {
    const folder = testFolder(SMALL_FLEET);
    const env = { GITFLEET_FORMAT: "json" };
    expect((await gitfleet(["validate", folder], { env })).stdout).toMatch(/^\{"valid":true/);
    expect((await gitfleet(["validate", folder, "--format", "text"], { env })).stdout).toMatch(/^valid: /);
  });

  test("name their source where they are wrong", async () => {
    const { code, stderr } = await gitfleet(["validate"], { env: { GITFLEET_FORMAT: "xml" } });
    expect(code).toBe(2);
    expect(stderr).toContain('GITFLEET_FORMAT: "xml" is not one of');
  });

  test("of daemons come from a YAML file, with the nearest name for one that is unknown", async () => {
    const folder = testFolder();
    put(folder, "config.yaml", "repo: ssh://git.example/fleet\n");
    put(folder, "wrong.yaml", "repo: .\npoll-intervall: 5s\n");
    const read = await gitfleet(["reconciler", "--config", join(folder, "config.yaml")]);
    expect([read.code, read.stderr]).toEqual([2, expect.stringContaining("ssh:// is not supported")]);
    const wrong = await gitfleet(["reconciler"], { env: { GITFLEET_CONFIG: join(folder, "wrong.yaml") } });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean "poll-interval"?')]);
  });
});

describe("something outside that fails", () => {
  test.each([
    [["status"]],
    [["devices"]],
    [["forget", "kiosk-0001"]],
    [["plan", "--live"]],
    [["explain", "kiosk-0001", "--live"]],
  ])("%j ends with 3 where NATS cannot be reached, within seconds, naming the server", async (args) => {
    const { code, stdout, stderr } = await gitfleet([...args, "--nats", NOWHERE], { cwd: testFolder(SMALL_FLEET) });
    expect(stderr).toContain("127.0.0.1:1");
    expect(stderr).toContain("gitfleet doctor");
    expect([code, stdout]).toEqual([3, ""]);
  });
});

describe("bin/gitfleet", () => {
  test("runs through links, from any folder", async () => {
    const folder = testFolder();
    symlinkSync(resolve(import.meta.dirname, "../../bin/gitfleet"), join(folder, "first"));
    symlinkSync("first", join(folder, "second"));
    const { code, stdout } = await gitfleet(["--version"], { cwd: "/", program: join(folder, "second") });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^gitfleet /)]);
  });

  test("names the set-up where packages are missing", async () => {
    const folder = testFolder();
    const { copyFileSync, mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "bin"));
    copyFileSync(resolve(import.meta.dirname, "../../bin/gitfleet"), join(folder, "bin/gitfleet"));
    const { code, stdout, stderr } = await gitfleet(["validate"], { program: join(folder, "bin/gitfleet") });
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("npm run setup");
  });

  test("colours nothing where stdout is no terminal", async () => {
    const folder = testFolder({ "devices/a.yaml": "kind: Devic\n" });
    const { stdout, stderr } = await gitfleet(["validate", folder]);
    expect(stdout + stderr).not.toContain("\u001b");
  });
});

describe("a current folder that is gone", () => {
  test("is told in words, and only where a command needs it", async () => {
    const gone = (...args: string[]) =>
      gitfleet(["-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", testFolder(), PROGRAM, ...args], {
        program: "/bin/sh",
      });
    const validated = await gone("validate");
    expect(validated.code).toBe(3);
    expect(validated.stderr).toContain("the current folder is gone");
    expect((await gone("--version")).code).toBe(0);
  });
});

describe("the time to the first line", () => {
  test("holds no compiling: after one run every file comes from the cache, the first one, too", async () => {
    const env = { XDG_CACHE_HOME: testFolder() };
    await gitfleet(["--version"], { env });
    const { stdout, stderr } = await gitfleet(["--version"], { env: { ...env, NODE_DEBUG_NATIVE: "COMPILE_CACHE" } });
    const looked = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("reading cache"));
    expect(looked.some((line) => line.includes("cli/main.ts"))).toBe(true);
    expect(looked.filter((line) => !line.includes("success"))).toEqual([]);
  });
});
