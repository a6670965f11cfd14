import { describe, expect, test } from "vitest";
import { z } from "zod";
import { settingsOf } from "#runtime/settings.ts";
import { parseArguments } from "./parse-arguments.ts";

const settings = settingsOf(
  z.object({
    watch: z.boolean().default(false),
    format: z.enum(["text", "json"]).default("text"),
    label: z.record(z.string(), z.string()).default({}),
    nats: z.array(z.string()).default([]),
  }),
);
const positional = [
  { name: "DEVICE", required: true, description: "the device's id" },
  { name: "dir", required: false, description: "the folder" },
];

function parse(...words: string[]) {
  const { flags, args, help } = parseArguments(words, settings, positional);
  return { flags: Object.fromEntries(flags), args, help };
}

describe("a command line", () => {
  test("mixes options and arguments in any order", () => {
    expect(parse("--format", "json", "kiosk", "--watch", "here")).toEqual({
      flags: { format: ["json"], watch: ["true"] },
      args: ["kiosk", "here"],
      help: false,
    });
  });

  test("takes a value after = as it is, also an empty one or one that looks like an option", () => {
    expect(parse("kiosk", "--format=json").flags).toEqual({ format: ["json"] });
    expect(parse("kiosk", "--format=").flags).toEqual({ format: [""] });
    expect(parse("kiosk", "--nats=--x").flags).toEqual({ nats: ["--x"] });
    expect(parse("kiosk", "--label=a=b=c").flags).toEqual({ label: ["a=b=c"] });
  });

  test("keeps every value of lists and pairs, and refuses a second one of anything else", () => {
    expect(parse("kiosk", "--label", "a=1", "--label", "b=2").flags).toEqual({ label: ["a=1", "b=2"] });
    expect(() => parse("kiosk", "--format", "json", "--format", "text")).toThrow("--format is given twice");
  });

  test("switches off with --no-, and reads switches with a value", () => {
    expect(parse("kiosk", "--no-watch").flags).toEqual({ watch: ["false"] });
    expect(parse("kiosk", "--watch=false").flags).toEqual({ watch: ["false"] });
    expect(() => parse("kiosk", "--no-format")).toThrow("there is no option --no-format");
  });

  test("takes everything after -- as arguments", () => {
    expect(parse("--", "--watch", "-h").args).toEqual(["--watch", "-h"]);
  });

  test("asks for help wherever the word stands, even where arguments are missing", () => {
    expect(parse("--format", "json", "--help").help).toBe(true);
    expect(parse("-h").help).toBe(true);
  });

  test("says what is missing, what is too much and what was probably meant", () => {
    expect(() => parse()).toThrow("DEVICE is missing: the device's id");
    expect(() => parse("a", "b", "c")).toThrow('"c" is one argument too many');
    expect(() => parse("a", "--format")).toThrow("--format needs a value");
    expect(() => parse("a", "--format", "--watch")).toThrow("--format needs a value");
    expect(() => parse("a", "--wach")).toThrow(expect.objectContaining({ hint: "Did you mean --watch?" }));
    expect(() => parse("a", "-w")).toThrow("there is no option -w");
  });
});
