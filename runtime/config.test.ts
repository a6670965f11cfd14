import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { loadConfig, type ConfigSources } from "./config.ts";
import { durationSetting, settingsOf } from "./settings.ts";

const schema = z.object({
  repo: z.string().meta({ description: "the repository", placeholder: "URL" }),
  pollInterval: durationSetting("30s").describe("how often to look"),
  once: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).default({}).meta({ flag: "label" }),
  replicas: z.int().min(1).max(5).default(1),
  format: z.enum(["text", "json"]).default("text"),
  nats: z.object({
    servers: z.array(z.string()).default(["nats://127.0.0.1:4222"]).meta({ flag: "nats" }),
    creds: z.string().optional().meta({ secret: true }),
  }),
});

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gitfleet-config-"));
  folders.push(folder);
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return path;
}

function load(sources: { flags?: Record<string, string[]>; env?: ConfigSources["env"]; file?: string | null }) {
  const { flags = {}, env = {}, file: path = null } = sources;
  return loadConfig(schema, { flags: new Map(Object.entries(flags)), env, file: path });
}

describe("settings", () => {
  test("are called after their field in kebab-case, with an environment variable each", () => {
    expect(settingsOf(schema).map(({ name, env, kind }) => [name, env, kind])).toEqual([
      ["repo", "GITFLEET_REPO", "text"],
      ["poll-interval", "GITFLEET_POLL_INTERVAL", "text"],
      ["once", "GITFLEET_ONCE", "switch"],
      ["label", "GITFLEET_LABEL", "pairs"],
      ["replicas", "GITFLEET_REPLICAS", "number"],
      ["format", "GITFLEET_FORMAT", "text"],
      ["nats", "GITFLEET_NATS", "list"],
      ["nats-creds", "GITFLEET_NATS_CREDS", "text"],
    ]);
  });

  test("know their default as it would be written, and whether they must be given", () => {
    const settings = settingsOf(schema);
    expect(settings.map(({ name, required, defaultText }) => [name, required, defaultText])).toContainEqual([
      "repo",
      true,
      null,
    ]);
    expect(settings.find(({ name }) => name === "poll-interval")).toMatchObject({
      required: false,
      defaultText: "30s",
    });
    expect(settings.find(({ name }) => name === "nats")?.defaultText).toBe("nats://127.0.0.1:4222");
    expect(settings.find(({ name }) => name === "format")?.choices).toEqual(["text", "json"]);
  });
});

describe("configuration", () => {
  test("takes flags over the environment over the file over defaults", async () => {
    const path = file("repo: file\npoll-interval: 1s\nreplicas: 3\n");
    const env = { GITFLEET_REPO: "env", GITFLEET_POLL_INTERVAL: "2s" };
    const config = await load({ flags: { repo: ["flag"] }, env, file: path });
    expect(config).toMatchObject({ repo: "flag", pollInterval: 2_000, replicas: 3, format: "text", once: false });
  });

  test("reads lists with commas or repeated, pairs as K=V or as a mapping", async () => {
    const flags = { repo: ["r"], nats: ["nats://a,nats://b", "nats://c"], label: ["role=kiosk", "site=berlin"] };
    const config = await load({ flags });
    expect(config.nats.servers).toEqual(["nats://a", "nats://b", "nats://c"]);
    expect(config.labels).toEqual({ role: "kiosk", site: "berlin" });
    const other = await load({ file: file("repo: r\nlabels: {role: till}\nnats: nats://z\n") });
    expect(other.labels).toEqual({ role: "till" });
    expect(other.nats.servers).toEqual(["nats://z"]);
  });

  test("takes an empty variable as not set, and a switch as true or false", async () => {
    const config = await load({ flags: { repo: ["r"] }, env: { GITFLEET_FORMAT: "", GITFLEET_ONCE: "1" } });
    expect(config).toMatchObject({ format: "text", once: true });
  });

  test("accepts camelCase keys in a file", async () => {
    expect((await load({ file: file("repo: r\npollInterval: 5m\n") })).pollInterval).toBe(300_000);
  });

  test.each([
    [{ flags: { repo: ["r"], "poll-interval": ["soon"] } }, /^--poll-interval: "soon" is not a duration/],
    [{ flags: { repo: ["r"] }, env: { GITFLEET_FORMAT: "xml" } }, /^GITFLEET_FORMAT: "xml" is not one of text, json/],
    [{ flags: { repo: ["r"], replicas: ["many"] } }, /^--replicas: "many" is not a number/],
    [{ flags: { repo: ["r"], replicas: ["9"] } }, /^--replicas: 9 is too large: at most \d/],
    [{ flags: { repo: ["r"], label: ["kiosk"] } }, /^--label: "kiosk" is not of the form KEY=VALUE/],
    [{ flags: { repo: ["r"], once: ["maybe"] } }, /^--once: "maybe" is neither true nor false/],
    [{}, /^--repo URL is missing \(or set GITFLEET_REPO\)/],
  ])("names where a wrong setting stands: %j", async (sources, message) => {
    await expect(load(sources)).rejects.toMatchObject({ name: "UsageError", message: expect.stringMatching(message) });
  });

  test("refuses an unknown key of a file with the nearest name", async () => {
    const loading = load({ file: file("repo: r\npol-interval: 5m\n") });
    await expect(loading).rejects.toMatchObject({ hint: 'Did you mean "poll-interval"?' });
  });

  test("refuses a file that is missing, is no YAML or is no mapping", async () => {
    await expect(load({ file: "/nonexistent/config.yaml" })).rejects.toThrow(
      /cannot read the configuration file .*: there is no such file$/,
    );
    await expect(load({ file: file("a: [") })).rejects.toThrow(/line 1 is not YAML: [^|]*$/);
    await expect(load({ file: file("- a\n") })).rejects.toThrow(/is a mapping of settings/);
  });
});
