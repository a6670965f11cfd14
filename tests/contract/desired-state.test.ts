/** What the wire carries for a repository: keys, canonical values, selection, per-device values, pauses. */
import { describe, expect, test } from "vitest";
import { desiredState } from "#fleet/desired.ts";
import { planBetween } from "#fleet/plan.ts";
import { fleetOf } from "./fleet-of.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";

function device(name: string, labels: string, spec = "{}"): string {
  return `${HEAD}kind: Device\nmetadata: {name: ${name}, labels: {${labels}}}\nspec: ${spec}\n---\n`;
}

function deployment(
  name: string,
  selector: string,
  services = '[{name: web, image: "r.example/web:1"}]',
  more = "",
): string {
  return `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec:\n  targetSelector: ${selector}\n  score: {type: PodmanV0, data: {services: ${services}}}\n${more}---\n`;
}

const DEVICES =
  device("kiosk-0001", "role: kiosk, site: berlin") +
  device("kiosk-0002", "role: kiosk, site: paris") +
  device("gate-0001", "role: gate, site: berlin") +
  device("bare", "");

function rendered(files: Record<string, string>): Record<string, string> {
  const state = desiredState(fleetOf(files));
  return Object.fromEntries([...state.values.values()].map((value) => [value.key, value.text]));
}

const matched = (selector: string) =>
  Object.keys(rendered({ "deployments/a.yaml": deployment("a", selector), "devices/d.yaml": DEVICES }))
    .map((key) => key.split(".")[0])
    .toSorted();

describe("selection", () => {
  test.each([
    ["{}", ["bare", "gate-0001", "kiosk-0001", "kiosk-0002"]],
    ["{matchLabels: {role: kiosk}}", ["kiosk-0001", "kiosk-0002"]],
    ["{matchLabels: {role: kiosk, site: berlin}}", ["kiosk-0001"]],
    [
      "{matchExpressions: [{key: role, operator: In, values: [gate, kiosk]}]}",
      ["gate-0001", "kiosk-0001", "kiosk-0002"],
    ],
    ["{matchExpressions: [{key: role, operator: NotIn, values: [kiosk]}]}", ["bare", "gate-0001"]],
    ["{matchExpressions: [{key: site, operator: Exists}]}", ["gate-0001", "kiosk-0001", "kiosk-0002"]],
    ["{matchExpressions: [{key: site, operator: DoesNotExist}]}", ["bare"]],
    ["{matchLabels: {site: berlin}, matchExpressions: [{key: role, operator: NotIn, values: [gate]}]}", ["kiosk-0001"]],
  ])("%s matches %j", (selector, expected) => {
    expect(matched(selector)).toEqual(expected);
  });

  test("a selector with a name serves in place of one written out", () => {
    const selector = `${HEAD}kind: DeviceSelector\nmetadata: {name: kiosks}\nspec:\n  matchLabels: {role: kiosk}\n`;
    const text = deployment("a", "{}").replace("targetSelector: {}", "selectorRef: kiosks");
    expect(
      Object.keys(
        rendered({ "deployments/a.yaml": text, "devices/d.yaml": DEVICES, "devices/s.yaml": selector }),
      ).toSorted(),
    ).toEqual(["kiosk-0001.a", "kiosk-0002.a"]);
  });
});

describe("the value on the wire", () => {
  const one = (services: string, fleet = "") => {
    const files: Record<string, string> = {
      "deployments/a.yaml": deployment("web", "{}", services),
      "devices/d.yaml": device("kiosk-0001", "role: kiosk, site: ''"),
    };
    if (fleet !== "") files["fleet.yaml"] = `${HEAD}kind: Fleet\nmetadata: {name: shop}\nspec: ${fleet}\n`;
    return rendered(files)["kiosk-0001.web"];
  };

  test("is canonical JSON with what the author wrote and nothing else", () => {
    expect(one('[{name: web, image: "docker.io/library/nginx:1.27", ports: ["8080:80"]}]')).toBe(
      '{"data":{"services":[{"image":"docker.io/library/nginx:1.27","name":"web","ports":["8080:80"]}]},"type":"PodmanV0"}',
    );
  });

  test("keeps empty lists as written and leaves out what was left out", () => {
    expect(one("[{name: web, image: r.example/web:1, env: [], command: []}]")).toBe(
      '{"data":{"services":[{"command":[],"env":[],"image":"r.example/web:1","name":"web"}]},"type":"PodmanV0"}',
    );
  });

  test("may be tagged externally", () => {
    expect(one("[{name: web, image: r.example/web:1}]", "{wire: {scoreTag: external}}")).toBe(
      '{"PodmanV0":{"services":[{"image":"r.example/web:1","name":"web"}]}}',
    );
  });

  test("carries each device's own values, replaced once from left to right", () => {
    const value = (text: string) =>
      JSON.parse(one(`[{name: web, image: r.example/web:1, command: ['${text}']}]`) ?? "").data.services[0]
        .command[0] as string;
    expect(value("${device.id}/${device.labels.role}")).toBe("kiosk-0001/kiosk");
    expect(value("${device.labels.none:-a:-b}c}")).toBe("a:-bc}");
    expect(value("[${device.labels.site:-fallback}]")).toBe("[]");
    expect(value("$${device.id} $ $$ $x")).toBe("${device.id} $ $$ $x");
    expect(value("${device.labels.none:-$}{device.id}")).toBe("${device.id}");
  });

  test.each([
    ["\\x7f0\\x7f", "\x7f0\x7f"],
    ["\\x7f\\x80\\x81é\\uffff", "\x7f\x80\x81é\uffff"],
    ["東京 😀\\u2028", "東京 😀\u2028"],
  ])("replaces beside any letters: %s", (written, meant) => {
    const services = `[{name: web, image: r.example/web:1, command: ["${written}\${device.id}0"]}]`;
    const parsed = JSON.parse(one(services) ?? "") as { data: { services: { command: string[] }[] } };
    expect(parsed.data.services[0]?.command).toEqual([`${meant}kiosk-00010`]);
  });

  test("never replaces in keys or in the name of a service", () => {
    expect(() => one("[{name: '${device.id}', image: r.example/web:1}]")).toThrow("invalid-name");
  });
});

describe("what a plan says", () => {
  const base = { "deployments/a.yaml": deployment("a", "{}"), "devices/d.yaml": device("d-1", "") + device("d-2", "") };
  const actions = (before: Record<string, string> | null, after: Record<string, string> | null) =>
    Array.from(
      planBetween(before === null ? null : fleetOf(before), after === null ? null : fleetOf(after)).changes,
      (change) => `${change.device}.${change.deployment} ${change.action}`,
    );

  test("everything is added to nothing", () => {
    expect(actions(null, base)).toEqual(["d-1.a add", "d-2.a add"]);
  });

  test("a new image updates each device that it lands on", () => {
    expect(
      actions(base, { ...base, "deployments/a.yaml": base["deployments/a.yaml"].replace("web:1", "web:2") }),
    ).toEqual(["d-1.a update", "d-2.a update"]);
  });

  test("a change of comments, order or labels that nothing selects changes nothing", () => {
    expect(
      actions(base, {
        ...base,
        "devices/e.yaml": `# only words\n`,
        "devices/d.yaml": device("d-2", "") + device("d-1", "a: b"),
      }),
    ).toEqual([]);
  });

  test("changes are sorted by device, then deployment", () => {
    const two = {
      ...base,
      "deployments/b.yaml": deployment("b", "{}"),
      "deployments/a-b.yaml": deployment("a-b", "{}"),
    };
    expect(actions(null, two)).toEqual([
      "d-1.a add",
      "d-1.a-b add",
      "d-1.b add",
      "d-2.a add",
      "d-2.a-b add",
      "d-2.b add",
    ]);
  });

  test("a paused device is left out with a warning, and pausing removes nothing", () => {
    const paused = { ...base, "devices/d.yaml": device("d-1", "", "{paused: true}") + device("d-2", "") };
    const plan = planBetween(fleetOf(base), fleetOf(paused));
    expect(plan.changes).toEqual([]);
    expect(plan.warnings.map((warning) => warning.code)).toContain("paused");
    expect([...desiredState(fleetOf(paused)).values.keys()]).toEqual(["d-2.a"]);
  });

  test("removing a paused device's file ends the pause: its keys are removed", () => {
    const paused = { ...base, "devices/d.yaml": device("d-1", "", "{paused: true}") + device("d-2", "") };
    expect(actions(paused, { ...base, "devices/d.yaml": device("d-2", "") })).toEqual(["d-1.a remove"]);
  });

  test("a paused deployment stays as it is, and goes when its file goes", () => {
    const paused = {
      ...base,
      "deployments/a.yaml": deployment("a", "{}", undefined, "  paused: true\n").replace("web:1", "web:2"),
    };
    expect(actions(base, paused)).toEqual([]);
    expect(actions(paused, { "devices/d.yaml": base["devices/d.yaml"] })).toEqual(["d-1.a remove", "d-2.a remove"]);
  });

  test("a paused fleet changes nothing", () => {
    const paused = {
      "fleet.yaml": `${HEAD}kind: Fleet\nmetadata: {name: shop}\nspec: {paused: true}\n`,
      "devices/d.yaml": base["devices/d.yaml"],
    };
    expect(actions(base, paused)).toEqual([]);
  });
});
