/** docs/metrics.md and docs/settings.md are what the code says of itself, and the files that they show can be used. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { METRIC_TABLES, metricsReference } from "#cli/metrics-reference.ts";
import { CONFIGURED, configFile, fleetFile, settingsReference } from "#cli/settings-reference.ts";
import { DEFAULT_SETTINGS } from "#fleet/fleet.ts";
import { loadConfig } from "#runtime/config.ts";
import { settingsOf } from "#runtime/settings.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { readFiles } from "#tests/contract/fleet-of.ts";

const docs = resolve(import.meta.dirname, "../../docs");
let scratch: Scratch;

beforeEach(() => {
  scratch = scratchFolder("references");
});

afterEach(() => {
  scratch.remove();
});

describe("the references", () => {
  test("docs/metrics.md is up to date (`npm run docs` writes it)", async () => {
    await expect(metricsReference()).toMatchFileSnapshot(join(docs, "metrics.md"));
  });

  test("docs/settings.md is up to date (`npm run docs` writes it)", async () => {
    await expect(settingsReference()).toMatchFileSnapshot(join(docs, "settings.md"));
  });
});

describe("every metric", () => {
  const all = METRIC_TABLES.flatMap(({ table }) => Object.values(table));

  test("has a name of its own that begins with the product or with what all exporters use", () => {
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^(gitfleet|process)_[a-z0-9_]+$/.test(name))).toEqual([]);
  });

  test("ends in _total where it only grows, and nowhere else", () => {
    expect(all.filter(({ kind, name }) => (kind === "counter") !== name.endsWith("_total"))).toEqual([]);
  });

  test("is explained in a sentence", () => {
    expect(all.filter(({ help }) => !/^[A-Z1].*\.$/.test(help)).map(({ name }) => name)).toEqual([]);
  });
});

describe("the configuration file that docs/settings.md shows", () => {
  test.each(CONFIGURED)("for the $name is accepted and changes no default", async (command) => {
    const file = join(scratch.path, `${command.name}.yaml`);
    writeFileSync(file, configFile(command));
    const given = await loadConfig(command.settings, { flags: new Map(), env: {}, file });
    const required = settingsOf(command.settings).filter((setting) => setting.required);
    const flags = new Map(required.map(({ name }) => [name, [valueIn(configFile(command), name)]]));
    expect(given).toEqual(await loadConfig(command.settings, { flags, env: {}, file: null }));
  });

  test("for the fleet is accepted and changes no default", () => {
    const { fleet, problems } = readFiles({ "fleet.yaml": fleetFile() });
    expect(problems).toEqual([]);
    expect(fleet?.settings).toEqual(DEFAULT_SETTINGS);
  });
});

function valueIn(file: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, "m").exec(file)?.[1] ?? "";
}
