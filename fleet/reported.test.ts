import { describe, expect, test } from "vitest";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { fleetOf, readFiles } from "#tests/contract/fleet-of.ts";
import { desiredState, needsReports, type ReportedDevices } from "./desired.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";

function fleet(devices: string): string {
  return `${HEAD}kind: Fleet\nmetadata: {name: shop}\nspec: {devices: ${devices}}\n`;
}

function deployment(name: string, selector: string, service = ""): string {
  return `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec:\n  targetSelector: ${selector}\n  score: {type: PodmanV0, data: {services: [{name: web, image: r.example/web:1${service}}]}}\n`;
}

const device = (name: string, labels: string) => `${HEAD}kind: Device\nmetadata: {name: ${name}, labels: ${labels}}\n`;

function reported(devices: Record<string, Record<string, string>>): ReportedDevices {
  return new Map(Object.entries(devices).map(([id, labels]) => [id as DeviceId, new Map(Object.entries(labels))]));
}

describe("devices that report themselves", () => {
  const files = {
    "fleet.yaml": fleet("{admission: reported, reportedLabels: [site]}"),
    "deployments/web.yaml": deployment("web", "{matchLabels: {site: berlin}}"),
    "devices/k.yaml": device("k1", "{site: paris}"),
  };

  test("are targeted by the labels that the fleet lets them say; a file's label wins", () => {
    const told = reported({ k1: { site: "berlin" }, k2: { site: "berlin" }, k3: { site: "rome", role: "x" } });
    expect([...desiredState(fleetOf(files), told).values.keys()]).toEqual(["k2.web"]);
  });

  test("say nothing about labels that the fleet does not let them say", () => {
    const strict = { ...files, "fleet.yaml": fleet("{admission: reported}") };
    expect([...desiredState(fleetOf(strict), reported({ k2: { site: "berlin" } })).values.keys()]).toEqual([]);
  });

  test("are nobody where only declared devices are admitted, but may still say their labels", () => {
    const declared = {
      ...files,
      "fleet.yaml": fleet("{reportedLabels: [site]}"),
      "devices/k.yaml": device("k1", "{}"),
    };
    const told = reported({ k1: { site: "berlin" }, k2: { site: "berlin" } });
    expect([...desiredState(fleetOf(declared), told).values.keys()]).toEqual(["k1.web"]);
  });

  test("are not looked at offline, and the answer says so", () => {
    expect(needsReports(fleetOf(files))).toBe(true);
    expect(desiredState(fleetOf(files)).warnings.map(({ code }) => code)).toEqual(["declared-only"]);
    expect(desiredState(fleetOf(files), reported({})).warnings).toEqual([]);
  });

  test("keep what they run where they fail a rule, and never spoil a commit", () => {
    const clashing = {
      "fleet.yaml": fleet("{admission: reported, reportedLabels: [site]}"),
      "deployments/a.yaml": deployment("a", "{}", ", ports: ['80:80']"),
      "deployments/b.yaml": deployment("b", "{matchLabels: {site: berlin}}", ", ports: ['80:80']"),
      "deployments/c.yaml": deployment("c", "{}", ", user: '${device.labels.site}'"),
    };
    const reading = readFiles({
      ...clashing,
      "devices/k.yaml": `${device("k1", "{site: berlin}")}---\n${device("k2", "{}")}`,
    });
    expect(reading.problems).toEqual([]);
    expect(reading.warnings).toHaveLength(2);
    const state = desiredState(fleetOf(clashing), reported({ k1: { site: "berlin" }, k2: {}, k3: { site: "rome" } }));
    expect([...state.values.keys()]).toEqual(["k3.a", "k3.c"]);
    expect([...state.withheld.keys()].toSorted()).toEqual(["k1", "k2"]);
    expect(state.withheld.get("k2" as DeviceId)).toContain("missing-label");
    expect(state.isFrozen({ device: "k1" as DeviceId, deployment: "anything" as DeploymentName })).toBe(true);
  });

  test("cannot excuse a deployment that clashes with itself", () => {
    const broken = {
      "fleet.yaml": files["fleet.yaml"],
      "deployments/a.yaml": deployment("a", "{}", ", ports: ['80:80', '80:81']"),
    };
    expect(readFiles(broken).problems.map(({ code }) => code)).toEqual(["port-conflict"]);
  });

  test("may still report a label that a declared device lacks", () => {
    const later = {
      "fleet.yaml": fleet("{reportedLabels: [site]}"),
      "deployments/a.yaml": deployment("a", "{}", ", user: '${device.labels.site}'"),
      "devices/k.yaml": device("k1", "{}"),
    };
    expect(readFiles(later).problems).toEqual([]);
    expect([...desiredState(fleetOf(later), reported({})).withheld.keys()]).toEqual(["k1"]);
    expect(
      [...desiredState(fleetOf(later), reported({ k1: { site: "x" } })).values.values()].map(({ text }) => text).join(),
    ).toContain('"user":"x"');
  });
});
