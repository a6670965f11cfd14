import { execFileSync } from "node:child_process";
import { array, assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { hasTrailer, parseTrailers } from "./trailers.ts";

test("the trailers of any message are those that git itself finds", () => {
  const line = constantFrom(
    "Remove kiosks",
    "",
    "",
    "Gitfleet-Allow-Prune: true",
    "gitfleet-allow-prune : true",
    "Gitfleet-Allow-Prune:",
    "Signed-off-by: Robin <robin@example.org>",
    "(cherry picked from commit 1234)",
    " continued",
    "some words: not a key",
    "just words",
    "--- a line",
    "   ",
    "-key: x",
  );
  assert(
    property(array(line, { maxLength: 9 }), (lines) => {
      const message = `${lines.join("\n")}\n`;
      const ours = parseTrailers(message).map(({ key, value }) => `${key}: ${value}`.trim());
      expect(ours).toEqual(trailersByGit(message));
    }),
    { numRuns: 150 },
  );
});

test("a trailer is one where it is alone in the last paragraph, not in the title or in the middle", () => {
  const key = "Gitfleet-Allow-Prune";
  expect(hasTrailer(`Shrink\n\n${key}: true\n`, key, "true")).toBe(true);
  expect(hasTrailer(`Shrink\n\n${key.toLowerCase()}: true`, key, "true")).toBe(true);
  expect(hasTrailer(`${key}: true`, key, "true")).toBe(false);
  expect(hasTrailer(`Shrink\n\n${key}: true\n\nmore words`, key, "true")).toBe(false);
  expect(hasTrailer(`Shrink\n\nwe do not want\n${key}: true`, key, "true")).toBe(false);
  expect(hasTrailer(`Shrink\n\n${key}: false`, key, "true")).toBe(false);
});

function trailersByGit(message: string): string[] {
  const output = execFileSync("git", ["interpret-trailers", "--parse"], { input: message }).toString("utf8");
  // git prints the key as it was written, with the separator moved next to it.
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.trim());
}
