/** ARCHITECTURE.md and docs/guarantees.md make promises, each kept by a named test: the tests must be there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryFiles, repositoryRoot } from "./files.ts";

const DOCUMENTS = [
  { document: "ARCHITECTURE.md", least: 15 },
  { document: "docs/guarantees.md", least: 30 },
];

describe.each(DOCUMENTS)("the promises of $document", ({ document, least }) => {
  const rows = promisesIn(document);

  test("are there, in tables that this test can read", () => {
    expect(rows.length).toBeGreaterThanOrEqual(least);
    const lines = textOf(document).split("\n");
    expect(rows).toHaveLength(lines.filter((line) => /^\|.*`\S+\.(?:test|slow)\.ts`/.test(line)).length);
  });

  test("are made once each", () => {
    expect(new Set(rows.map(({ promise }) => promise)).size).toBe(rows.length);
  });

  test.each(rows)("$promise", ({ file, name }) => {
    expect(repositoryFiles()).toContain(file);
    expect(namesIn(file)).toContain(name);
  });
});

interface Promised {
  readonly promise: string;
  readonly file: string;
  readonly name: string;
}

/** The rows `| promise | … | \`file\`: "name of a test" |`. */
function promisesIn(document: string): Promised[] {
  const row = /^\| (.+?)\s*\|(?:[^|]*\|)? `([^`]+)`: "([^"]+)"\s*\|$/gm;
  return [...textOf(document).matchAll(row)].map(([, promise = "", file = "", name = ""]) => ({ promise, file, name }));
}

/** All names of tests in a file, comments and code aside: a promise must not be kept by a sentence about it. */
function namesIn(file: string): string {
  const names = [...textOf(file).matchAll(/\b(?:describe|test)\b[^"`\n]*\(\s*(?:"([^"]+)"|`([^`]+)`)/g)];
  return names.map(([, plain, template]) => plain ?? template).join("\n");
}

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}
