import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { desiredState } from "#fleet/desired.ts";
import { readPlain } from "#fleet/plain-yaml.ts";
import type { FleetReading } from "#fleet/read.ts";
import { readFiles } from "#tests/contract/fleet-of.ts";
import { everywhereText, fileWithDevice, fleetFiles, type GeneratedFile } from "./generated-fleet.ts";
import { spoiled } from "./spoiled-fleet.ts";
import { documentSchema } from "./strict-schemas.ts";
import { pairsOf, SIZES, type FleetSize } from "./sizes.ts";

function readingOf(files: Iterable<GeneratedFile>): FleetReading {
  return readFiles(Object.fromEntries([...files].map(({ path, text }) => [path, text])));
}

describe("a generated fleet", () => {
  const multiDocument: FleetSize = { ...SIZES.S, files: 3, sharded: true };

  it.each([SIZES.S, multiDocument])("is valid and makes the pairs that its size says ($files)", (size) => {
    const { fleet, problems } = readingOf(fleetFiles(size));
    expect(problems).toEqual([]);
    expect(fleet === null ? 0 : desiredState(fleet).values.size).toBe(pairsOf(size));
  });

  it("takes a deployment for every device beside the others", () => {
    const { fleet, problems } = readingOf([
      ...fleetFiles(SIZES.S),
      { path: "deployments/e.yaml", text: everywhereText() },
    ]);
    expect(problems).toEqual([]);
    expect(fleet === null ? 0 : desiredState(fleet).values.size).toBe(pairsOf(SIZES.S) + SIZES.S.devices);
  });

  it("is written in plain YAML, as a fleet of this size would be", () => {
    const slow = [...fleetFiles(SIZES.S)].filter(({ text }) => readPlain(text, 0, text.length) === null);
    expect(slow).toEqual([]);
  });

  it("has a mistake in one file of a hundred, once spoiled", () => {
    const files = [...spoiled(fleetFiles({ ...SIZES.S, devices: 1_000 }))];
    const { problems } = readingOf(files);
    expect(new Set(problems.map(({ file }) => file)).size).toBe(Math.floor(files.length / 100));
    expect(new Set(problems.map(({ code }) => code)).size).toBeGreaterThan(2);
  });

  it("is what the schemas of the limit accept, unless it is spoiled", () => {
    const accepted = (files: Iterable<GeneratedFile>): boolean[] =>
      [...files].map(({ text }) => documentSchema.safeParse(parse(text)).success);
    expect(accepted(fleetFiles(SIZES.S))).not.toContain(false);
    expect(accepted(spoiled(fleetFiles(SIZES.S)))).toContain(false);
  });

  it.each([SIZES.S, multiDocument])("has each device in the file that is made for it alone ($files)", (size) => {
    const files = new Map([...fleetFiles(size)].map(({ path, text }) => [path, text]));
    for (const index of [0, 33, 34, size.devices - 1]) {
      const { path, text } = fileWithDevice(size, index, {});
      expect(text).toBe(files.get(path));
      expect(fileWithDevice(size, index, { round: "7" }).text).toContain("round: 7");
    }
  });

  it("is the same each time", () => {
    expect([...fleetFiles(SIZES.S)]).toEqual([...fleetFiles(SIZES.S)]);
  });
});
