import { assert, jsonValue, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";

describe("canonical JSON", () => {
  test("orders members by UTF-16 code units, as the example of RFC 8785 section 3.2.3 shows", () => {
    const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
    const keys = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object).toSorted()).toEqual(keys.toSorted());
    expect([...canonicalJson(value).matchAll(/:(\d)/g)].map((match) => match[1])).toEqual("2467153".split(""));
  });

  test("writes numbers as ECMAScript does", () => {
    expect(canonicalJson([Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]",
    );
  });

  test("leaves out members that are undefined and keeps empty lists", () => {
    expect(canonicalJson({ b: undefined, a: [] })).toBe('{"a":[]}');
  });

  test("refuses what I-JSON cannot carry", () => {
    expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
    expect(() => canonicalJson("\ud800")).toThrow(TypeError);
  });

  test("is the same text whatever the order of members, and reads back as the same value", () => {
    assert(
      property(jsonValue(), (value) => {
        const text = canonicalJson(value);
        const again = canonicalJson(reversed(JSON.parse(text)) as JsonValue);
        expect(again).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
