import {
  array,
  assert,
  boolean,
  constantFrom,
  dictionary,
  option,
  oneof,
  property,
  record,
  subarray,
  uniqueArray,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "#schema/canonical-json.ts";
import { parsePort, portsConflict } from "#schema/port.ts";
import { fleetOf, readFiles } from "#tests/contract/fleet-of.ts";
import { desiredState } from "./desired.ts";
import { planAgainst, planBetween } from "./plan.ts";

/** A repository as plain data: small enough to be worked out by hand, and that is what the oracle does. */
interface World {
  readonly paused: boolean;
  readonly devices: readonly { name: string; labels: Record<string, string>; paused: boolean }[];
  readonly deployments: readonly {
    name: string;
    paused: boolean;
    matchLabels: Record<string, string>;
    matchExpressions: readonly Expression[];
    value: string;
    port: string | null;
  }[];
}
type Expression = { key: string; operator: "In" | "NotIn" | "Exists" | "DoesNotExist"; values?: readonly string[] };

const keys = constantFrom("role", "site", "rack");
const values = constantFrom("a", "b", "");
const labels = dictionary(keys, values, { maxKeys: 3 });
const expression = oneof(
  record({
    key: keys,
    operator: constantFrom("In" as const, "NotIn" as const),
    values: array(values, { minLength: 1, maxLength: 2 }),
  }),
  record({ key: keys, operator: constantFrom("Exists" as const, "DoesNotExist" as const) }),
);
const device = record({ name: constantFrom("d-1", "d-2", "d-10", "e", "d"), labels, paused: boolean() });
const deployment = record({
  name: constantFrom("web", "web-2", "api", "a"),
  paused: boolean(),
  matchLabels: dictionary(keys, values, { maxKeys: 2 }),
  matchExpressions: array<Expression>(expression, { maxLength: 2 }),
  value: constantFrom("1", "2", "on ${device.id}", "at ${device.labels.site:-nowhere}", "$${device.id}"),
  port: option(constantFrom("80:80", "127.0.0.1:80:80", "81:80", "80:80/udp")),
});
const world = record({
  paused: constantFrom(false),
  devices: uniqueArray(device, { selector: ({ name }) => name, maxLength: 5 }),
  deployments: uniqueArray(deployment, { selector: ({ name }) => name, maxLength: 4 }),
});

const HEAD = "apiVersion: gitfleet.dev/v1alpha1";

/** The world as files of a repository. JSON is YAML. */
function filesOf({ paused, devices, deployments }: World, ports: boolean): Record<string, string> {
  const files: Record<string, string> = {
    "fleet.yaml": `${HEAD}\nkind: Fleet\nmetadata: {name: f}\nspec: {paused: ${paused}}\n`,
  };
  for (const one of devices) {
    files[`devices/${one.name}.yaml`] =
      `${HEAD}\nkind: Device\nmetadata: ${JSON.stringify({ name: one.name, labels: one.labels })}\nspec: {paused: ${one.paused}}\n`;
  }
  for (const one of deployments) {
    const { matchLabels, matchExpressions } = one;
    files[`deployments/${one.name}.yaml`] =
      `${HEAD}\nkind: Deployment\nmetadata: {name: ${one.name}}\nspec: ${JSON.stringify({ paused: one.paused, targetSelector: { matchLabels, matchExpressions }, score: { type: "PodmanV0", data: { services: [serviceOf(one, ports)] } } })}\n`;
  }
  return files;
}

function serviceOf(one: World["deployments"][number], ports: boolean) {
  const service = { name: "s", image: "r.example/a:1", command: [one.value] };
  return ports && one.port !== null ? { ...service, ports: [one.port] } : service;
}

/** Which devices run which deployments, and with what text, in the plainest words there are. */
function oracle({ devices, deployments }: World, ports: boolean): Map<string, { text: string; paused: boolean }> {
  const wanted = new Map<string, { text: string; paused: boolean }>();
  for (const one of deployments) {
    for (const { name, labels: has, paused } of devices) {
      const labelsFit = Object.entries(one.matchLabels).every(([key, value]) => has[key] === value);
      const expressionsFit = one.matchExpressions.every(({ key, operator, values: listed = [] }) => {
        if (operator === "Exists") return key in has;
        if (operator === "DoesNotExist") return !(key in has);
        const within = key in has && listed.includes(has[key] ?? "");
        return operator === "In" ? within : !within;
      });
      if (!labelsFit || !expressionsFit) continue;
      const command = one.value.startsWith("$$")
        ? "${device.id}"
        : one.value
            .replace("${device.id}", name)
            .replace(/\$\{device\.labels\.site:-nowhere\}/, has["site"] ?? "nowhere");
      const service = { ...serviceOf(one, ports), command: [command] };
      wanted.set(`${name}.${one.name}`, {
        text: canonicalJson({ type: "PodmanV0", data: { services: [service] } }),
        paused: paused || one.paused,
      });
    }
  }
  return wanted;
}

describe("against the plainest way to work it out", () => {
  test("the desired state holds what the oracle holds, without what is paused, sorted by key", () => {
    assert(
      property(world, (one) => {
        const state = desiredState(fleetOf(filesOf(one, false)));
        const expected = [...oracle(one, false)]
          .filter(([, { paused }]) => !paused)
          .map(([key, { text }]) => [key, text]);
        const rendered = [...state.values].map(([key, { text }]) => [key, text]);
        expect(rendered).toEqual(
          expected.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a ?? ""), Buffer.from(b ?? ""))),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a plan between two commits is the difference of what the oracle holds, without what head pauses", () => {
    assert(
      property(world, world, (base, head) => {
        const [before, after] = [oracle(base, false), oracle(head, false)];
        const pausedDevices = new Set<string>(head.devices.filter(({ paused }) => paused).map(({ name }) => name));
        const pausedDeployments = new Set<string>(
          head.deployments.filter(({ paused }) => paused).map(({ name }) => name),
        );
        const expected: string[] = [];
        for (const key of new Set([...before.keys(), ...after.keys()])) {
          const [deviceName = "", deploymentName = ""] = key.split(".");
          if (pausedDevices.has(deviceName) || pausedDeployments.has(deploymentName)) continue;
          const [old, young] = [before.get(key)?.text, after.get(key)?.text];
          if (old === young) continue;
          expected.push(`${key} ${old === undefined ? "add" : young === undefined ? "remove" : "update"}`);
        }
        const plan = planBetween(fleetOf(filesOf(base, false)), fleetOf(filesOf(head, false)));
        const changes = Array.from(plan.changes, (change) => `${change.device}.${change.deployment} ${change.action}`);
        expect(changes.toSorted()).toEqual(expected.toSorted());
        expect(plan.added + plan.updated + plan.removed).toBe(changes.length);
      }),
      { numRuns: 300 },
    );
  });

  test("a plan carried out leaves nothing to do", () => {
    assert(
      property(world, world, (base, head) => {
        const bucket = new Map(
          [...desiredState(fleetOf(filesOf(base, false))).values].map(([key, { text }]) => [key, text]),
        );
        const desired = desiredState(fleetOf(filesOf(head, false)));
        for (const change of planAgainst(bucket, desired).changes) {
          const key = `${change.device}.${change.deployment}`;
          if (change.action === "remove") bucket.delete(key);
          else bucket.set(key, change.after);
        }
        expect(planAgainst(bucket, desired).changes).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("ports conflict exactly where the oracle finds two on one device", () => {
    assert(
      property(world, (one) => {
        const landing = [...oracle(one, true).keys()];
        const clash = one.devices.some(({ name }) => {
          const ports = one.deployments
            .filter((each) => landing.includes(`${name}.${each.name}`) && each.port !== null)
            .map((each) => parsePort(each.port ?? ""))
            .filter((port) => port !== null);
          return ports.some((a, index) => ports.slice(index + 1).some((b) => portsConflict(a, b)));
        });
        const codes = readFiles(filesOf(one, true)).problems.map(({ code }) => code);
        expect(codes.includes("port-conflict")).toBe(clash);
        expect(new Set(codes).size).toBe(clash ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

  test("the order of files and of documents in them changes nothing", () => {
    assert(
      property(world, (one) => {
        const files = filesOf(one, false);
        const backwards = Object.fromEntries(Object.entries(files).toReversed());
        const together = {
          "fleet.yaml": files["fleet.yaml"] ?? "",
          "devices/all.yaml": one.devices
            .toReversed()
            .map(({ name }) => files[`devices/${name}.yaml`])
            .join("---\n"),
          "deployments/all.yml": one.deployments.map(({ name }) => files[`deployments/${name}.yaml`]).join("---\n"),
        };
        const texts = [files, backwards, together].map((each) =>
          JSON.stringify([...desiredState(fleetOf(each)).values]),
        );
        expect(new Set(texts).size).toBe(1);
      }),
      { numRuns: 100 },
    );
  });
});

describe("any part of a fleet", () => {
  test("that is left out removes its own keys and no others", () => {
    assert(
      property(world, (one) => {
        const whole = {
          ...one,
          devices: one.devices.map((each) => ({ ...each, paused: false })),
          deployments: one.deployments.map((each) => ({ ...each, paused: false })),
        };
        assert(
          property(subarray([...whole.devices]), (devices) => {
            const kept = new Set<string>(devices.map(({ name }) => name));
            const plan = planBetween(fleetOf(filesOf(whole, false)), fleetOf(filesOf({ ...whole, devices }, false)));
            expect([...plan.changes].every((change) => change.action === "remove" && !kept.has(change.device))).toBe(
              true,
            );
          }),
          { numRuns: 3 },
        );
      }),
      { numRuns: 50 },
    );
  });
});
