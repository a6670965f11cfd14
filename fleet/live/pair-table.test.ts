import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { NO_ROW, PairTable } from "./pair-table.ts";

const step = record({
  what: constantFrom("add", "remove", "expect"),
  device: integer({ min: 1, max: 12 }),
  deployment: integer({ min: 1, max: 12 }),
});

test("a table of pairs finds and lists what a map of them would", () => {
  assert(
    property(array(step, { maxLength: 300 }), (steps) => {
      const table = new PairTable();
      const rows = new Map<string, number>();
      for (const { what, device, deployment } of steps) {
        const key = `${device}.${deployment}`;
        const known = rows.get(key);
        expect(table.find(device, deployment)).toBe(known ?? NO_ROW);
        if (what === "add" && known === undefined) rows.set(key, table.add(device, deployment));
        if (what === "expect") table.expect(device * 500);
        if (what === "remove" && known !== undefined) {
          table.remove(known);
          rows.delete(key);
        }
      }
      expect(table.size).toBe(rows.size);
      expect(new Set(rows.values()).size).toBe(rows.size);
      const keysOf = (found: Iterable<number>): string[] =>
        [...found].map((row) => `${table.device.at[row]}.${table.deployment.at[row]}`).toSorted();
      for (let number = 1; number <= 12; number += 1) {
        const having = (part: 0 | 1): string[] =>
          [...rows.keys()].filter((key) => key.split(".")[part] === String(number));
        expect(keysOf(table.ofDevice(number))).toEqual(having(0).toSorted());
        expect(keysOf(table.ofDeployment(number))).toEqual(having(1).toSorted());
        expect(table.hasDevice(number)).toBe(having(0).length > 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("a table of many pairs finds each, after many were removed", () => {
  const table = new PairTable();
  const rows: number[] = [];
  for (let device = 1; device <= 300; device += 1) {
    for (let deployment = 1; deployment <= 40; deployment += 1) rows.push(table.add(device, deployment));
  }
  for (const row of rows.filter((one) => one % 3 === 0)) table.remove(row);
  for (const row of rows) {
    const pair = [Math.floor((row - 1) / 40) + 1, ((row - 1) % 40) + 1] as const;
    expect(table.find(...pair)).toBe(row % 3 === 0 ? NO_ROW : row);
  }
});
