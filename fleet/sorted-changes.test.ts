import { array, assert, constantFrom, property, record, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import { fleetOf } from "#tests/contract/fleet-of.ts";
import { comparePairs, type Change } from "./change.ts";
import { changedBlocks, type ChangedBlock } from "./changed-pairs.ts";
import { desiredState } from "./desired.ts";
import { sortedChanges } from "./sorted-changes.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1";

const site = constantFrom("berlin", "paris");
const commit = record({
  devices: uniqueArray(record({ name: constantFrom("d", "d-1", "d-10", "d-2", "e"), site }), {
    selector: ({ name }) => name,
  }),
  deployments: uniqueArray(
    record({
      name: constantFrom("web", "web-2", "api", "a"),
      sites: array(site, { minLength: 1, maxLength: 2 }),
      command: constantFrom("1", "2", "on ${device.id}", "at ${device.labels.site}"),
    }),
    { selector: ({ name }) => name },
  ),
});
interface Commit {
  readonly devices: readonly { readonly name: string; readonly site: string }[];
  readonly deployments: readonly {
    readonly name: string;
    readonly sites: readonly string[];
    readonly command: string;
  }[];
}

/** The blocks that differ between two commits of one repository, read apart from each other. */
function blocksOf(before: Commit, after: Commit): ChangedBlock[] {
  return [...changedBlocks(desiredState(fleetOf(filesOf(before))).pairs, desiredState(fleetOf(filesOf(after))).pairs)];
}

function filesOf({ devices, deployments }: Commit): Record<string, string> {
  const deviceTexts = devices.map((one) => {
    return `${HEAD}\nkind: Device\nmetadata: {name: ${one.name}, labels: {site: ${one.site}}}\nspec: {}\n`;
  });
  const deploymentTexts = deployments.map((one) => {
    const selector = { matchExpressions: [{ key: "site", operator: "In", values: one.sites }] };
    const services = [{ name: "s", image: "r.example/a:1", command: [one.command] }];
    const spec = { targetSelector: selector, score: { type: "PodmanV0", data: { services } } };
    return `${HEAD}\nkind: Deployment\nmetadata: {name: ${one.name}}\nspec: ${JSON.stringify(spec)}\n`;
  });
  return { "devices/all.yaml": deviceTexts.join("---\n"), "deployments/all.yaml": deploymentTexts.join("---\n") };
}

function plain(change: Change): unknown[] {
  const { action, device, deployment } = change;
  const [before, after] = [
    change.action === "add" ? null : change.before,
    change.action === "remove" ? null : change.after,
  ];
  return [action, device, deployment, before, after];
}

test("very many changes, made one after the other, are those that a list of all of them holds, in the same order", () => {
  assert(
    property(commit, commit, (before, after) => {
      const blocks = blocksOf(before, after);
      const list = sortedChanges(blocks);
      const made = sortedChanges(blocks, 0);
      expect({ ...made, changes: Array.from(made.changes, plain) }).toEqual({
        ...list,
        changes: [...list.changes].toSorted(comparePairs).map(plain),
      });
      expect(made.changes.length).toBe(made.added + made.updated + made.removed);
    }),
    { numRuns: 300 },
  );
});

test("changes can be gone over again, and by two at a time", () => {
  const devices = ["a", "b", "c"].map((name) => ({ name, site: "berlin" }));
  const web = { name: "web", sites: ["berlin"], command: "1" };
  const { changes } = sortedChanges(
    blocksOf({ devices, deployments: [] }, { devices, deployments: [web, { ...web, name: "api" }] }),
    0,
  );
  const pairs: string[] = [];
  for (const outer of changes) for (const inner of changes) pairs.push(`${outer.device} ${inner.device}`);
  expect(pairs).toHaveLength(36);
  expect(new Set(pairs).size).toBe(9);
  expect(Array.from(changes, ({ device, deployment }) => `${device}.${deployment}`)).toEqual([
    "a.api",
    "a.web",
    "b.api",
    "b.web",
    "c.api",
    "c.web",
  ]);
});
