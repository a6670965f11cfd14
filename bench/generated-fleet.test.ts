import { describe, expect, it } from "vitest";
import { desiredState } from "#fleet/desired.ts";
import type { FleetReading } from "#fleet/read.ts";
import { readFiles } from "#tests/contract/fleet-of.ts";
import { everywhereText, fleetFiles, type GeneratedFile } from "./generated-fleet.ts";
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

  it("is the same each time", () => {
    expect([...fleetFiles(SIZES.S)]).toEqual([...fleetFiles(SIZES.S)]);
  });
});
