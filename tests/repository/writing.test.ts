/** Rules of writing that a machine can hold: each file opens with its sentence, nothing is skipped, no host or place leaks in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryFiles, repositoryRoot } from "./files.ts";

const files = repositoryFiles();
const sources = files.filter((path) => path.endsWith(".ts") && path.includes("/"));

describe("the writing of this repository", () => {
  test("every source opens with one sentence that says what it gives", () => {
    const silent = sources.filter((path) => !path.endsWith(".test.ts") && !/^(#!.*\n)?\/\*\*/.test(textOf(path)));
    expect(silent).toEqual([]);
  });

  test("files are named in kebab-case for the one thing they give", () => {
    const wrong = sources.filter((path) => !/^[a-z0-9-]+(\.test|\.slow)?\.ts$/.test(path.split("/").at(-1) ?? ""));
    expect(wrong).toEqual([]);
  });

  test("no test is skipped, focused or left for later", () => {
    const marks = /\b(?:test|it|describe)\.(?:skip|only|todo|fails|skipIf|runIf)\b/;
    expect(sources.filter((path) => path.endsWith(".test.ts") && marks.test(textOf(path)))).toEqual([]);
  });

  test("no test waits for time to pass", () => {
    const sleeps = /setTimeout\(\s*(?:resolve|done)\b|timers\/promises/;
    expect(sources.filter((path) => path.endsWith(".test.ts") && sleeps.test(textOf(path)))).toEqual([]);
  });

  test("the lock file records no download addresses", () => {
    expect(textOf("package-lock.json")).not.toContain('"resolved"');
  });

  test("every relative link in the documents leads somewhere", () => {
    const documents = files.filter((path) => path.endsWith(".md"));
    const broken = documents.flatMap((path) =>
      [...textOf(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
        .map((match) => join(path, "..", match[1] ?? ""))
        .filter((target) => !files.some((file) => file === target || file.startsWith(`${target.replace(/\/$/, "")}/`)))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}
