import { describe, expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const commands = ["init", "validate", "render", "plan", "status", "devices", "forget"];

describe("nearest", () => {
  test.each([
    ["valdate", "validate"],
    ["stauts", "status"],
    ["dev", "devices"],
    ["forgot", "forget"],
  ])("finds what was meant by %s", (word, meant) => {
    expect(nearest(word, commands)).toBe(meant);
  });

  test("says nothing rather than something far away", () => {
    expect(nearest("xyzzy", commands)).toBeNull();
    expect(nearest("a", commands)).toBeNull();
    expect(nearest("v".repeat(10_000), commands)).toBeNull();
  });
});
