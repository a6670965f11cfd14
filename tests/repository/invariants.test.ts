/** ARCHITECTURE.md promises invariants, each kept by a named test: the tests must be there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryFiles, repositoryRoot } from "./files.ts";

const rows = [...textOf("ARCHITECTURE.md").matchAll(/^\| (.+?)\s*\| `([^`]+)`: "([^"]+)"\s*\|$/gm)].map((match) => ({
  promise: match[1] ?? "",
  file: match[2] ?? "",
  name: match[3] ?? "",
}));

describe("the invariants of ARCHITECTURE.md", () => {
  test("are there, in a table that this test can read", () => {
    expect(rows.length).toBeGreaterThanOrEqual(15);
    expect(rows).toHaveLength(
      textOf("ARCHITECTURE.md")
        .split("| `")
        .filter((part) => part.includes(".test.ts`: ")).length,
    );
  });

  test.each(rows)("$promise", ({ file, name }) => {
    expect(repositoryFiles()).toContain(file);
    expect(textOf(file)).toContain(name);
  });
});

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}
