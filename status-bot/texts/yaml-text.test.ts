import { array, assert, dictionary, jsonValue, property, record, string } from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { yamlText, type YamlValue } from "./yaml-text.ts";

test("what is written is read back as it was, by any reader of YAML 1.2", () => {
  const value = record({
    a: jsonValue({ maxDepth: 3 }),
    b: array(jsonValue()),
    c: dictionary(string({ unit: "binary" }), jsonValue()),
  });
  assert(
    property(value, (written) => {
      const plain = JSON.parse(JSON.stringify(written)) as { [key: string]: YamlValue };
      expect(parse(yamlText(plain))).toEqual(plain);
    }),
    { numRuns: 50 },
  );
});

test("reads well: plain words stay plain, and only words that could be taken for something else are quoted", () => {
  const text = yamlText({
    device: "kiosk-1",
    at: "2026-04-22T17:42:42Z",
    answer: "no",
    commit: "a".repeat(40),
    list: [{ a: 1, b: [] }],
    none: null,
  });
  expect(text).toBe(
    `device: kiosk-1\nat: "2026-04-22T17:42:42Z"\nanswer: "no"\ncommit: "${"a".repeat(40)}"\nlist:\n  - a: 1\n    b: []\nnone: null\n`,
  );
});
