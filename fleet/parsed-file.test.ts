import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFile, parseFileSteps, type ParsedFile } from "./parsed-file.ts";
import { finished } from "./steps.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";
const device = (name: string, site = "berlin"): string =>
  `${HEAD}kind: Device\nmetadata:\n  name: ${name}\n  labels: {site: ${site}}\n`;
const deployment = (name: string, user: string): string =>
  `${HEAD}kind: Deployment\nmetadata: {name: ${name}}\nspec:\n  selectorRef: all\n  score:\n    type: PodmanV0\n    data:\n      services:\n        - {name: a, image: r.example/a:1, user: ${user}, ports: ["1:1"]}\n`;
const joined = (...documents: string[]): string => documents.join("---\n");

const after = (before: ParsedFile, text: string): ParsedFile => finished(parseFileSteps(before.path, text, before));

describe("a file of many documents", () => {
  const before = parseFile("devices/all.yaml", joined(device("a"), device("b"), device("c")));

  test("gives the same objects again for documents of the same text at the same line", () => {
    const changed = after(before, joined(device("a"), device("b", "paris"), device("c")));
    expect(changed.objects.devices[0]).toBe(before.objects.devices[0]);
    expect(changed.objects.devices[2]).toBe(before.objects.devices[2]);
    expect(changed.objects.devices[1]?.sound?.labels.get("site")).toBe("paris");
    expect(changed.counts.Device).toBe(3);
  });

  test("gives documents that moved at their new place", () => {
    const moved = after(before, joined(`# new\n${device("a")}`, device("b"), device("c")));
    expect(moved.objects.devices.map(({ namePlace }) => namePlace.line)).toEqual([5, 11, 17]);
  });

  test("tells the problems of a document that did not change again", () => {
    const broken = parseFile("devices/all.yaml", joined(device("a"), device("B"), "- c\n"));
    expect(broken.problems.map(({ line, code }) => `${line} ${code}`)).toEqual(["10 invalid-name", "13 wrong-type"]);
    expect(after(broken, joined(device("a"), device("B"), "- c\n")).problems).toEqual(broken.problems);
  });

  test("is read the same whatever it was before", () => {
    const document = constantFrom(
      device("a"),
      device("a", "paris"),
      device("b"),
      `${device("c")}spec: {paused: true}\n`,
      device("C"),
      device("d", "-"),
      deployment("w", "root"),
      deployment("w", "'${device.labels.site}'"),
      deployment("w", "&u root"),
      `${HEAD}kind: DeviceSelector\nmetadata: {name: all}\nspec: {}\n`,
      `${HEAD}kind: Fleet\nmetadata: {name: f}\n`,
      `${HEAD}kind: Deployment\nmetadata: {name: v, labels: {a: *nobody, b: 1}}\nspec: {selectorRef: all}\n`,
      deployment("v", "root").replace("{name: v}", "{name: v, labels: {a: *nobody, b: 1, c: [d]}}"),
      deployment("u", "root").replace("{name: u}", "{name: u, labels: null}"),
      "# nothing\n",
      "a: [\n",
      "a: 1\na: 2\n",
    );
    assert(
      property(array(array(document, { maxLength: 6 }), { minLength: 2, maxLength: 4 }), (history) => {
        let kept = parseFile("devices/all.yaml", "");
        for (const documents of history) {
          kept = after(kept, joined(...documents));
          expect(kept).toEqual(parseFile("devices/all.yaml", joined(...documents)));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("is read in steps", () => {
    const text = joined(...Array.from({ length: 1_000 }, (_, index) => device(`d-${index}`)));
    const steps = [...parseFileSteps("devices/all.yaml", text)];
    expect(steps.length).toBeGreaterThan(10);
  });
});

describe("the labels of a device", () => {
  const labels = (text: string) =>
    parseFile("devices/a.yaml", `${HEAD}kind: Device\nmetadata: {name: a, labels: {${text}}}\n`).objects.devices[0]
      ?.sound?.labels;

  test("are read as a Map is", () => {
    const read = labels("b: x, a: '', constructor: y");
    expect(read?.size).toBe(3);
    expect([read?.get("b"), read?.get("a"), read?.get("constructor"), read?.get("toString")]).toEqual([
      "x",
      "",
      "y",
      undefined,
    ]);
    expect([read?.has("a"), read?.has("x")]).toEqual([true, false]);
    expect([...(read ?? [])]).toEqual([
      ["b", "x"],
      ["a", ""],
      ["constructor", "y"],
    ]);
    expect([...(read?.keys() ?? []), ...(read?.values() ?? [])]).toEqual(["b", "a", "constructor", "x", "", "y"]);
    const seen: string[] = [];
    read?.forEach((value, key) => seen.push(`${key}=${value}`));
    expect(seen).toEqual(["b=x", "a=", "constructor=y"]);
  });

  test("may be very many", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `l${index}: v${index}`);
    const read = labels(many.join(", "));
    expect([read?.size, read?.get("l999")]).toEqual([1_000, "v999"]);
  });
});
