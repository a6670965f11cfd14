import { describe, expect, test } from "vitest";
import { fleetOf } from "#tests/contract/fleet-of.ts";
import { planBetween, type Plan } from "./plan.ts";
import { planJson, planMarkdown, planSummary, planText } from "./plan-text.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";

function devices(count: number, spec = "{}"): string {
  return Array.from({ length: count }, (_, index) => {
    const labels = `{site: ${index % 2 === 0 ? "berlin" : "paris"}}`;
    return `${HEAD}kind: Device\nmetadata: {name: kiosk-${String(index).padStart(2, "0")}, labels: ${labels}}\nspec: ${spec}\n`;
  }).join("---\n");
}

function deployment(name: string, service: string): string {
  return `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec:\n  targetSelector: {}\n  score: {type: PodmanV0, data: {services: [${service}]}}\n`;
}

function planOf(before: Record<string, string>, after: Record<string, string>): Plan {
  return planBetween(fleetOf(before), fleetOf(after));
}

const web = (tag: string, more = "") => deployment("web", `{name: web, image: "r.example/web:${tag}"${more}}`);

const story = planOf(
  {
    "devices/all.yaml": devices(7),
    "deployments/web.yaml": web(
      "1",
      ", env: [{name: API_TOKEN, value: old}, {name: SITE, value: '${device.labels.site}'}]",
    ),
    "deployments/old.yaml": deployment("old", "{name: a, image: 'r.example/a:1'}"),
  },
  {
    "devices/all.yaml": devices(7),
    "deployments/web.yaml": web(
      "2",
      ", env: [{name: API_TOKEN, value: young}, {name: SITE, value: '${device.labels.site}'}], ports: ['8080:80']",
    ),
    "deployments/young.yaml": deployment("young", "{name: b, image: 'r.example/b:1'}"),
  },
);

describe("a plan in words", () => {
  test("shows what changes where only the way of writing does", () => {
    const files = { "devices/all.yaml": devices(1), "deployments/web.yaml": web("1") };
    const external = `${HEAD}kind: Fleet\nmetadata: {name: default}\nspec: {wire: {scoreTag: external}}\n`;
    expect(planText(planOf(files, { ...files, "fleet.yaml": external }))).toMatchInlineSnapshot(`
      "~ web: update on 1 device: kiosk-00
          wire.scoreTag  adjacent → external

      0 added, 1 updated, 0 removed
      "
    `);
  });

  test("shows each distinct change once, with its devices, and hides what looks secret", () => {
    expect(planText(story)).toMatchInlineSnapshot(`
      "- old: remove from 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more

      ~ web: update on 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more
          services[web].env[API_TOKEN].value  ••• changed
          services[web].image                 "r.example/web:1" → "r.example/web:2"
          services[web].ports[0]              "8080:80"

      + young: add to 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more
          services[b].image  "r.example/b:1"
          services[b].name   "b"

      7 added, 7 updated, 7 removed
      "
    `);
  });

  test("is the same for a pull request, where nothing in it can do anything", () => {
    expect(planMarkdown(story)).toMatchInlineSnapshot(`
      "**7 added, 7 updated, 7 removed**

      | deployment | action | devices |
      | --- | --- | --- |
      | \`old\` | remove | 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more |
      | \`web\` | update | 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more |
      | \`young\` | add | 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more |

      <details>
      <summary>web: update on 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more</summary>

      \`\`\`diff
      ! services[web].env[API_TOKEN].value: ••• changed
      - services[web].image: "r.example/web:1"
      + services[web].image: "r.example/web:2"
      + services[web].ports[0]: "8080:80"
      \`\`\`

      </details>

      <details>
      <summary>young: add to 7 devices: kiosk-00, kiosk-01, kiosk-02, kiosk-03, kiosk-04 and 2 more</summary>

      \`\`\`diff
      + services[b].image: "r.example/b:1"
      + services[b].name: "b"
      \`\`\`

      </details>
      "
    `);
  });

  test("is counts, changes and warnings for programs", () => {
    const paused = planOf({}, { "devices/all.yaml": devices(1, "{paused: true}"), "deployments/web.yaml": web("1") });
    expect(planJson(paused, { base: "abc", head: null })).toEqual({
      base: "abc",
      head: null,
      added: 0,
      updated: 0,
      removed: 0,
      changes: [],
      warnings: [{ code: "paused", message: "the device kiosk-00 is paused: it keeps what it runs" }],
    });
    expect(planJson(story, { base: null, head: null })["changes"]).toContainEqual({
      device: "kiosk-00",
      deployment: "old",
      action: "remove",
    });
  });

  test("says so where nothing changes", () => {
    const files = { "devices/all.yaml": devices(1), "deployments/web.yaml": web("1") };
    expect(planText(planOf(files, files))).toBe("nothing changes\n");
    expect(planSummary(story)).toBe("7 added, 7 updated, 7 removed");
  });

  test("stays within what a forge accepts, however much changes", () => {
    const many = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `deployments/d${index}.yaml`,
        deployment(`d${index}`, `{name: a, image: 'r.example/a:1', command: ['${"x".repeat(5_000)}']}`),
      ]),
    );
    const markdown = planMarkdown(planOf({}, { ...many, "devices/all.yaml": devices(30) }));
    expect(markdown.length).toBeLessThan(65_536);
    expect(markdown).toContain("more changes are not shown here");
  });

  test("cannot be broken out of by what a repository says", () => {
    const evil = "```\\n</details><!-- gitfleet --> @everyone";
    const markdown = planMarkdown(
      planOf(
        {},
        {
          "devices/all.yaml": devices(1),
          "deployments/e.yaml": deployment("e", `{name: a, image: 'r.example/a:1', command: ["${evil}"]}`),
        },
      ),
    );
    expect(markdown.split("\n").filter((line) => line.startsWith("```"))).toEqual(["```diff", "```"]);
    expect(markdown).not.toContain("<!--");
  });
});
