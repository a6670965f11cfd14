import { array, assert, constantFrom, integer, option, property, record, tuple } from "fast-check";
import { expect, test } from "vitest";
import type { Aggregate } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import { troubledFirst } from "../texts/status-readme.ts";
import { DeploymentTable } from "./deployment-table.ts";

const LIMIT = 3;
const few = integer({ min: 0, max: 2 });
const name = constantFrom("a", "b", "c", "d", "e", "f", "a-1").map((text) => text as DeploymentName);
const aggregate = record({ succeeded: few, failed: few, pending: few, offline: few, paused: few, unverified: few }).map(
  (counts): Aggregate => {
    return { matched: counts.succeeded + counts.failed + counts.pending, ...counts, last_error: null };
  },
);
const changes = array(tuple(name, option(aggregate)), { maxLength: 30 });

test("after any changes, sums and order are those of all deployments looked at anew", () => {
  assert(
    property(changes, (told) => {
      const table = new DeploymentTable();
      const plain = new Map<DeploymentName, Aggregate>();
      for (const [one, now] of told) {
        table.set(one, now);
        if (now === null) plain.delete(one);
        else plain.set(one, now);
        const all = [...plain].map(([each, stands]) => ({ name: each, aggregate: stands }));
        const failing = all.filter((each) => each.aggregate.failed > 0);
        const sum = (count: Exclude<keyof Aggregate, "last_error">): number =>
          all.reduce((total, each) => total + each.aggregate[count], 0);
        expect(table.names()).toEqual([...plain.keys()].toSorted());
        expect(table.first(LIMIT)).toEqual(all.toSorted(troubledFirst).slice(0, LIMIT));
        expect(table.firstFailing(LIMIT)).toEqual(failing.toSorted(troubledFirst).slice(0, LIMIT));
        expect(table.failing).toBe(failing.length);
        expect(table.totals).toEqual({
          deployments: all.length,
          matched: sum("matched"),
          succeeded: sum("succeeded"),
          failed: sum("failed"),
          pending: sum("pending"),
          offline: sum("offline"),
          paused: sum("paused"),
          unverified: sum("unverified"),
        });
      }
    }),
    { numRuns: 300 },
  );
});
