/** docs/operating.md speaks of everything that can go wrong: each code, reason, stance and check that the programs know. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ADVICE } from "#agent/podman/problem.ts";
import { EXIT_CODES } from "#cli/help.ts";
import { METRIC_TABLES } from "#cli/metrics-reference.ts";
import type { ProblemCode, Warning } from "#fleet/problem.ts";
import type { GitErrorKind } from "#git/git-error.ts";
import type { Stance } from "#reconciler/core/stance.ts";
import type { Phase, Refusal } from "#schema/wire.ts";
import type { Place } from "#status-bot/core/events.ts";
import { repositoryFiles, repositoryRoot } from "./files.ts";

const guide = textOf("docs/operating.md");

// A new member of any of these unions does not compile here before it is named, and then has to be explained.
const PROBLEM_CODES: Record<ProblemCode, true> = {
  "yaml-syntax": true,
  "duplicate-key": true,
  "unknown-kind": true,
  "unknown-field": true,
  "missing-field": true,
  "wrong-type": true,
  "invalid-name": true,
  "invalid-label": true,
  "invalid-selector": true,
  "invalid-port": true,
  "invalid-image": true,
  "invalid-value": true,
  "invalid-path": true,
  "value-too-large": true,
  "duplicate-name": true,
  "duplicate-service": true,
  "unknown-selector": true,
  "missing-label": true,
  "port-conflict": true,
  "not-a-file": true,
  "file-too-large": true,
  "not-utf8": true,
  "too-many-problems": true,
};
const WARNINGS: Record<Warning["code"], true> = { paused: true, withheld: true, "declared-only": true };
const GIT_ERRORS: Record<GitErrorKind, true> = {
  unauthorized: true,
  forbidden: true,
  "not-found": true,
  "rate-limited": true,
  "server-error": true,
  "not-git": true,
  redirected: true,
  unreachable: true,
  stalled: true,
  truncated: true,
  corrupt: true,
  "too-large": true,
  "refused-by-server": true,
  "empty-repository": true,
  "branch-missing": true,
  "commit-missing": true,
  unsupported: true,
  aborted: true,
};
const STANCES: Record<Stance["kind"], true> = { pursue: true, refuse: true, "foreign-fleet": true, wait: true };
const REFUSALS: Record<Refusal["reason"], true> = { invalid: true, held: true };
const FAILED: Pick<Record<Phase, true>, "Failed"> = { Failed: true };
const PLACES: Record<Place, true> = { forge: true, git: true, "status-branch": true };

const NAMED = { PROBLEM_CODES, WARNINGS, GIT_ERRORS, STANCES, REFUSALS, FAILED, PLACES };

describe("the operating guide explains", () => {
  test.each(Object.entries(NAMED))("each of %s", (_, names) => {
    expect(Object.keys(names).filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  test("each exit code", () => {
    const codes = [...EXIT_CODES.matchAll(/(?:^|· )(\d)/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThanOrEqual(4);
    expect(codes.filter((code) => !guide.includes(`| \`${code}\``))).toEqual([]);
  });

  test("each advice that the agent gives about podman's errors", () => {
    expect(ADVICE.map(([, advice]) => advice).filter((advice) => !guide.includes(advice))).toEqual([]);
  });

  test("each check of `gitfleet doctor`", () => {
    const sources = repositoryFiles().filter((path) => /^cli\/doctor\/(?!.*\.test)[a-z-]+\.ts$/.test(path));
    const names = sources.flatMap((path) =>
      [...textOf(path).matchAll(/\bname(?: =|:) "([a-z ]+)"/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThanOrEqual(8);
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  test("each warning and error that a program logs, in the words of the log", () => {
    const sources = repositoryFiles().filter((path) =>
      /^(agent|reconciler|status-bot|nats|runtime)\/.*\.ts$/.test(path),
    );
    const logged = sources
      .filter((path) => !path.endsWith(".test.ts"))
      .flatMap((path) => [...textOf(path).matchAll(/logger\s*\.(?:warn|error)\(((?:[^()]|\([^()]*\))*)\)/gi)])
      .flatMap(([, call = ""]) => /"([^"]{8,})",?\s*$/.exec(call)?.[1] ?? []);
    expect(logged.length).toBeGreaterThanOrEqual(20);
    const text = guide.replaceAll(/\s+/g, " ");
    // The part before a semicolon is what people search for.
    expect(logged.filter((message) => !text.includes(message.split(/[;,] /)[0] ?? ""))).toEqual([]);
  });

  test.each([
    { column: "the text says", room: "agent" },
    { column: "in the reason", room: "nats" },
  ])("no error in the column `$column` that nobody says", ({ column, room }) => {
    const sources = repositoryFiles().filter((path) => path.startsWith(`${room}/`) && !path.endsWith(".test.ts"));
    const code = sources.map(textOf).join("\n");
    const cells = rowsBelow(column).map((row) => row.split(" | ")[0] ?? "");
    const quoted = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text));
    expect(quoted.length).toBeGreaterThanOrEqual(8);
    // What stands for a name or a number is written as …
    const parts = quoted.flatMap((text) => text.split("…").map((part) => part.trim())).filter((part) => part !== "");
    expect(parts.filter((part) => !code.includes(part))).toEqual([]);
  });

  test("no metric that does not exist", () => {
    const known = METRIC_TABLES.flatMap(({ table }) => Object.values(table).map(({ name }) => name));
    const named = [...guide.matchAll(/\b(?:gitfleet|process)_[a-z0-9_]+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThanOrEqual(15);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("where each of its own links leads", () => {
    const anchors = [...guide.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...guide.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
    expect(links.length).toBeGreaterThanOrEqual(20);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
    expect(new Set(anchors).size).toBe(anchors.length);
  });
});

/** The rows of the table whose first column has this title. */
function rowsBelow(column: string): string[] {
  const lines = guide.split("\n");
  const head = lines.findIndex((line) => line.startsWith(`| ${column} `));
  const length = lines.slice(head).findIndex((line) => line === "");
  return lines.slice(head + 2, head + length);
}

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}
