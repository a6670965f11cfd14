/** Who may import whom. The direction of imports is what keeps every line in its room. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryFiles, repositoryRoot } from "./files.ts";

/** A room, the rooms it may import, and why no others. `*` is every room but cli. */
const ROOMS: Record<string, { may: readonly string[]; because: string }> = {
  schema: { may: [], because: "the words are a promise to other versions and depend on zod alone" },
  fleet: { may: ["schema"], because: "the engine is pure: everyone must be able to agree on it without IO" },
  runtime: { may: ["schema"], because: "what every daemon needs must not know any of them" },
  nats: { may: ["schema", "runtime"], because: "an adapter knows the wire, not who uses it" },
  git: {
    may: ["schema", "fleet", "runtime"],
    because: "an adapter gives snapshots to the engine, and knows no program",
  },
  reconciler: {
    may: ["schema", "fleet", "runtime", "nats", "git"],
    because: "a program never imports another program",
  },
  agent: {
    may: ["schema", "fleet", "runtime", "nats"],
    because: "a program never imports another, and devices know no git",
  },
  simulator: { may: ["schema", "fleet", "runtime", "nats", "git"], because: "a program never imports another program" },
  "status-bot": {
    may: ["schema", "fleet", "runtime", "nats", "git"],
    because: "a program never imports another program",
  },
  sandbox: { may: ["*"], because: "a whole fleet on one machine needs every room but the command line" },
  cli: { may: ["*"], because: "the command line calls every room" },
  release: { may: ["runtime", "agent"], because: "a release is made of the sources as files; it runs none of them" },
  bench: { may: ["*", "cli"], because: "it measures what people run" },
  tests: { may: ["*", "cli"], because: "tests look everywhere" },
};

/** Rooms that only some may enter. */
const GUESTS_OF: Record<string, readonly string[]> = {
  sandbox: ["sandbox", "cli", "bench", "tests"],
  tests: ["tests"],
  bench: ["bench", "tests"],
  release: ["release", "bench", "tests"],
};

const sources = repositoryFiles().filter((path) => path.endsWith(".ts") && path.includes("/"));

describe("the direction of imports", () => {
  test("every folder with code is a known room", () => {
    const rooms = new Set(sources.map((path) => roomOf(path)));
    expect([...rooms].filter((room) => !(room in ROOMS) && room !== "bin")).toEqual([]);
  });

  test.each(Object.keys(ROOMS))("%s imports only what it may", (room) => {
    const wrong = sources
      .filter((path) => roomOf(path) === room)
      .flatMap((path) => importsOf(path).map((target) => ({ path, target })))
      .filter(({ path, target }) => !isAllowed(path, room, target))
      .map(({ path, target }) => `${path} imports ${target}: ${ROOMS[room]?.because}`);
    expect(wrong).toEqual([]);
  });

  test("schema depends on zod and nothing else, and the engine reads no files, clocks or chance", () => {
    const wrong = sources
      .filter((path) => ["schema", "fleet"].includes(roomOf(path)) && !isTest(path))
      .flatMap((path) => impurities(path).map((what) => `${path}: ${what}`));
    expect(wrong).toEqual([]);
  });
});

function isAllowed(path: string, room: string, target: string): boolean {
  if (target === room) return true;
  // The version stands in package.json, and runtime/version.ts is where programs read it.
  if (target === "package.json") return room === "runtime" || isTest(path);
  // A unit test may bring up the real thing beside its source.
  if (isTest(path) && (target === "sandbox" || target === "tests")) return true;
  const guests = GUESTS_OF[target];
  if (guests !== undefined && !guests.includes(room)) return false;
  const may = ROOMS[room]?.may ?? [];
  return may.includes(target) || (may.includes("*") && target !== "cli");
}

function impurities(path: string): string[] {
  const text = readFileSync(join(repositoryRoot, path), "utf8");
  const packages = [...text.matchAll(/from "([^".#][^"]*)"|import\("([^".#][^"]*)"\)/g)].map((m) => m[1] ?? m[2] ?? "");
  const allowed = roomOf(path) === "schema" ? ["zod"] : ["zod", "yaml", "js-yaml", "node:crypto"];
  const foreign = packages.filter((name) => !allowed.some((known) => name === known || name.startsWith(`${known}/`)));
  const chance = /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|process\.)/.exec(text);
  return [...foreign.map((name) => `imports ${name}`), ...(chance === null ? [] : [`uses ${chance[0]}`])];
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(repositoryRoot, path), "utf8");
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"([#.][^"]*)"/g)].map((match) => match[1] ?? "");
  return found.map((specifier) =>
    specifier.startsWith("#")
      ? (specifier.slice(1).split("/")[0] ?? "")
      : roomOf(relative(repositoryRoot, join(repositoryRoot, dirname(path), specifier))),
  );
}

function isTest(path: string): boolean {
  return /\.(?:test|slow)\.ts$/.test(path);
}

function roomOf(path: string): string {
  return path.split("/")[0] ?? "";
}
