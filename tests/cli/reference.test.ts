/** docs/cli.md is what the commands say of themselves, and the commands keep the promises of the contract. */
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { allSettings, cliReference } from "#cli/reference.ts";

const NATS_OPTIONS = [
  "nats",
  "nats-creds",
  "nats-ca",
  "nats-cert",
  "nats-key",
  "nats-inbox-prefix",
  "nats-api-prefix",
  "nats-deliver-prefix",
  "bucket-prefix",
];

describe("the reference of the command line", () => {
  test("is up to date (`npm run docs` writes it)", async () => {
    await expect(await cliReference()).toMatchFileSnapshot(resolve(import.meta.dirname, "../../docs/cli.md"));
  });
});

describe("every command", () => {
  test("has the same words in the overview and in its own help", async () => {
    for (const { name, load } of COMMANDS) expect((await load()).command.name).toBe(name);
  });

  test("describes each of its options, and has examples that begin with its name", async () => {
    const silent = (await allSettings()).filter(({ setting }) => setting.description === "");
    expect(silent.map(({ command, setting }) => `${command} --${setting.name}`)).toEqual([]);
    for (const { load } of COMMANDS) {
      const { command } = await load();
      expect(command.examples.length).toBeGreaterThan(0);
    }
  });

  test("that talks to NATS takes every option of NATS", async () => {
    const settings = await allSettings();
    const talking = COMMANDS.map(({ name }) => name).filter((name) =>
      settings.some(({ command, setting }) => command === name && setting.name === "nats"),
    );
    expect(talking).toEqual(
      expect.arrayContaining([
        "plan",
        "explain",
        "status",
        "devices",
        "forget",
        "doctor",
        "simulate",
        "reconciler",
        "agent",
      ]),
    );
    for (const name of talking) {
      const names = settings.filter(({ command }) => command === name).map(({ setting }) => setting.name);
      expect(names).toEqual(expect.arrayContaining(NATS_OPTIONS));
    }
  });

  test("names its variables after its options", async () => {
    for (const { setting } of await allSettings()) {
      expect(setting.env).toBe(`GITFLEET_${setting.name.toUpperCase().replaceAll("-", "_")}`);
    }
  });
});
