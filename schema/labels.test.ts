import { describe, expect, test } from "vitest";
import { labelKeyFault, labelValueFault } from "./labels.ts";

describe("labels", () => {
  test.each([
    "a",
    "A-b_c.d",
    "1",
    "example.com/name",
    "a.b.c/D",
    "constructor",
    "a".repeat(63),
    `${"a".repeat(63)}.b/x`,
  ])("%s is a key", (key) => {
    expect(labelKeyFault(key)).toBeNull();
  });

  test.each([
    "",
    "-a",
    "a-",
    "a b",
    "a/b/c",
    "/a",
    "a/",
    "Example.com/a",
    "a_b/c",
    "a..b/c",
    "__proto__",
    "ä",
    "a".repeat(64),
    `${"a".repeat(64)}/x`,
    `${"a.".repeat(126)}aa/x`,
    "a\n",
  ])("%j is no key", (key) => {
    expect(labelKeyFault(key)).not.toBeNull();
  });

  test.each(["", "a", "A.b-c_9", "x".repeat(63)])("%j is a value", (value) => {
    expect(labelValueFault(value)).toBeNull();
  });

  test.each(["-", "a-", "a b", "a/b", "x".repeat(64), "a\n", "ß"])("%j is no value", (value) => {
    expect(labelValueFault(value)).not.toBeNull();
  });
});
