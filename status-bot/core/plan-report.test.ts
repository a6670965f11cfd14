import { describe, expect, test } from "vitest";
import { sha256Digest } from "#fleet/digest.ts";
import { fleetOf } from "#tests/contract/fleet-of.ts";
import { planReport } from "./plan-report.ts";
import { scopeOf } from "./scope.ts";

const DEVICES = device("a", "kiosk") + device("b", "kiosk") + device("c", "door");
const BASE = {
  "devices/all.yaml": DEVICES,
  "deployments/web.yaml": deployment("web", "r.example/web:1", "role: kiosk"),
};

describe("the report on a change", () => {
  test("counts devices and keys, a row for each deployment, each distinct change once", () => {
    const head = { ...BASE, "deployments/web.yaml": deployment("web", "r.example/web:2", "role: kiosk") };
    const report = planReport(fleetOf(BASE), fleetOf(head), { baseInvalid: false });
    expect(report).toMatchObject({
      changedDevices: 2,
      devices: 3,
      added: 0,
      updated: 2,
      removed: 0,
      selectors: [],
      held: null,
    });
    expect(report.rows).toEqual([{ deployment: "web", added: 0, updated: 2, removed: 0 }]);
    expect(report.changes).toMatchObject([{ action: "update", devices: ["a", "b"] }]);
  });

  test("names selectors that come to match nothing or everything, not those that did before", () => {
    const nothing = { ...BASE, "deployments/nobody.yaml": deployment("nobody", "r.example/n:1", "role: none") };
    const head = { ...nothing, "deployments/all.yaml": deployment("all", "r.example/a:1", "") };
    expect(planReport(fleetOf(BASE), fleetOf(head), { baseInvalid: false }).selectors).toEqual([
      { deployment: "all", matches: "everything", devices: 3 },
      { deployment: "nobody", matches: "nothing", devices: 3 },
    ]);
    expect(planReport(fleetOf(nothing), fleetOf(nothing), { baseInvalid: false }).selectors).toEqual([]);
  });

  test("says when the reconciler would hold it, and puts removals first", () => {
    const report = planReport(fleetOf(BASE), fleetOf({ "devices/all.yaml": DEVICES }), { baseInvalid: false });
    expect(report.held).toMatch(/remove 2 of 2 keys: nothing would be left/);
    expect(report.changes[0]).toMatchObject({ action: "remove", deployment: "web", devices: ["a", "b"] });
  });

  test("holds nothing against a change whose base was invalid", () => {
    const report = planReport(null, fleetOf(BASE), { baseInvalid: true });
    expect(report).toMatchObject({ added: 2, held: null, baseInvalid: true });
  });
});

describe("the scope of a commit", () => {
  test("is what it changes, and what its pull request changed with the values that it wants now", () => {
    const head = { ...BASE, "deployments/db.yaml": deployment("db", "r.example/db:1", "role: door") };
    const both = { ...head, "deployments/web.yaml": deployment("web", "r.example/web:2", "role: kiosk") };
    const scope = scopeOf({
      commit: "c",
      before: fleetOf(head),
      fleet: fleetOf(both),
      pull: { base: fleetOf(BASE), head: fleetOf(both) },
    });
    expect(scope.pairs.map((pair) => `${pair.device}.${pair.deployment}`).toSorted()).toEqual([
      "a.web",
      "b.web",
      "c.db",
    ]);
    const value = '{"data":{"services":[{"image":"r.example/db:1","name":"main"}]},"type":"PodmanV0"}';
    expect(scope.pairs.find(({ deployment: name }) => name === "db")?.digest).toBe(sha256Digest(value));
  });

  test("of a removal wants nothing there", () => {
    const scope = scopeOf({
      commit: "c",
      before: fleetOf(BASE),
      fleet: fleetOf({ "devices/all.yaml": DEVICES }),
      pull: null,
    });
    expect(scope.pairs.map(({ digest }) => digest)).toEqual([null, null]);
  });
});

function device(name: string, role: string): string {
  return `---\napiVersion: gitfleet.dev/v1alpha1\nkind: Device\nmetadata: {name: ${name}, labels: {role: ${role}}}\nspec: {}\n`;
}

function deployment(name: string, image: string, match: string): string {
  const selector = match === "" ? "{}" : `{matchLabels: {${match}}}`;
  const score = `{type: PodmanV0, data: {services: [{name: main, image: "${image}"}]}}`;
  const spec = `  targetSelector: ${selector}\n  score: ${score}\n`;
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: Deployment\nmetadata: {name: ${name}}\nspec:\n${spec}`;
}
