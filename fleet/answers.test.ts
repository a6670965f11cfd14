import { describe, expect, test } from "vitest";
import type { DeviceId } from "#schema/names.ts";
import { fleetOf, readFiles } from "#tests/contract/fleet-of.ts";
import { desiredState } from "./desired.ts";
import { explainDevice } from "./explain.ts";
import { explanationJson, explanationText } from "./explain-text.ts";
import { renderNdjson, renderYaml, renderedValues } from "./render-text.ts";
import { validateGithub, validateJson, validateText } from "./validate-text.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";
const SCORE = "  score: {type: PodmanV0, data: {services: [{name: web, image: r.example/web:1}]}}\n";

const files = {
  "deployments/gate.yaml": `${HEAD}kind: Deployment\nmetadata: {name: gate}\nspec:\n  targetSelector:\n    matchLabels: {role: gate}\n    matchExpressions: [{key: zone, operator: Exists}]\n${SCORE}`,
  "deployments/web.yaml": `# The shop.\n${HEAD}kind: Deployment\nmetadata: {name: web}\nspec:\n  selectorRef: kiosks\n${SCORE}`,
  "deployments/log.yaml": `${HEAD}kind: Deployment\nmetadata: {name: log}\nspec:\n  paused: true\n  targetSelector: {}\n${SCORE}`,
  "devices/a.yaml": `${HEAD}kind: Device\nmetadata: {name: kiosk-0001, labels: {role: kiosk, site: berlin}}\n`,
  "devices/s.yaml": `${HEAD}kind: DeviceSelector\nmetadata: {name: kiosks}\nspec:\n  matchLabels: {role: kiosk}\n  matchExpressions: [{key: site, operator: In, values: [berlin, paris]}]\n`,
};

describe("explain", () => {
  test("says what runs on a device and why, and why not", () => {
    const explanation = explainDevice(fleetOf(files), "kiosk-0001" as DeviceId);
    if (explanation === null) throw new Error("the device is declared");
    expect(explanationText(explanation)).toMatchInlineSnapshot(`
      "kiosk-0001  devices/a.yaml:1
        role=kiosk, site=berlin

      runs
        log  deployments/log.yaml:1  selects every device; the deployment is paused: it stays as it is
        web  deployments/web.yaml:2  role=kiosk, site In (berlin, paris) (selector kiosks, devices/s.yaml:1)

      does not run
        gate  deployments/gate.yaml:1  wants role=gate, it has role=kiosk; wants zone Exists, which it lacks
      "
    `);
    expect(explanationJson(explanation)).toMatchObject({ device: "kiosk-0001", file: "devices/a.yaml", line: 1 });
  });

  test("knows no device that nobody declared", () => {
    expect(explainDevice(fleetOf(files), "nobody" as DeviceId)).toBeNull();
  });
});

describe("render", () => {
  test("gives a line for each key, sorted by the bytes of the whole key", () => {
    const two = {
      ...files,
      "devices/b.yaml": `${HEAD}kind: Device\nmetadata: {name: kiosk-0001-b, labels: {role: kiosk, site: paris}}\n`,
    };
    const values = renderedValues(desiredState(fleetOf(two)));
    expect(values.map(renderNdjson).join("")).toBe(
      '{"key":"kiosk-0001-b.web","value":{"data":{"services":[{"image":"r.example/web:1","name":"web"}]},"type":"PodmanV0"}}\n' +
        '{"key":"kiosk-0001.web","value":{"data":{"services":[{"image":"r.example/web:1","name":"web"}]},"type":"PodmanV0"}}\n',
    );
    expect(renderedValues(desiredState(fleetOf(two)), { device: "kiosk-0001" })).toHaveLength(1);
    expect(renderedValues(desiredState(fleetOf(two)), { deployment: "gate" })).toHaveLength(0);
  });

  test("gives the same as YAML", () => {
    const [value] = renderedValues(desiredState(fleetOf(files)));
    if (value === undefined) throw new Error("one value is rendered");
    expect(renderYaml(value)).toMatchInlineSnapshot(`
      "---
      key: kiosk-0001.web
      value:
        data:
          services:
            - image: r.example/web:1
              name: web
        type: PodmanV0
      "
    `);
  });
});

describe("validate", () => {
  const broken = readFiles({ ...files, "devices/a.yaml": `${HEAD}kind: Device\nmetadata: {name: "50%, a:b\\n"}\n` });

  test("says in text what is wrong and how much", () => {
    expect(validateText(readFiles(files))).toBe("valid: 3 deployments, 1 device\n");
    expect(validateText(broken).split("\n").at(-2)).toBe("invalid: 1 problem in 1 file");
  });

  test("says in JSON what the contract promises", () => {
    expect(validateJson(broken)).toEqual({
      valid: false,
      problems: [
        {
          file: "devices/a.yaml",
          line: 3,
          column: 18,
          code: "invalid-name",
          message: expect.stringContaining("50%") as string,
        },
      ],
      deployments: 3,
      devices: 1,
    });
    expect(validateJson(readFiles({}))).toEqual({ valid: true, problems: [], deployments: 0, devices: 0 });
  });

  test("says to GitHub where to show it", () => {
    expect(validateGithub(broken, "fleet/")).toMatch(
      /^::error file=fleet\/devices\/a\.yaml,line=3,col=18,title=invalid-name::"50%25, a:b\\n" is not a name[^\n]*\n$/,
    );
  });
});
