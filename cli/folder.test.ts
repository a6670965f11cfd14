import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { FILE_MAX_BYTES } from "#schema/limits.ts";
import { FOLDER_DEPTH_MAX, readFolder } from "./folder.ts";

let scratch: Scratch;
beforeEach(() => {
  scratch = scratchFolder("folder");
});
afterEach(() => scratch.remove());

function put(path: string, text: string | Uint8Array): string {
  const full = join(scratch.path, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, text);
  return full;
}

function listed(): [string, string][] {
  return readFolder(scratch.path)
    .entries.map(({ path, kind }) => [path, kind] as [string, string])
    .toSorted((a, b) => (a[0] < b[0] ? -1 : 1));
}

describe("reading a folder", () => {
  test("finds fleet.yaml, deployments/ and devices/, and nothing else", () => {
    put("fleet.yaml", "a");
    put("deployments/shop/web.yaml", "b");
    put("devices/berlin.yml", "c");
    put("README.md", "d");
    put("status/fleet.yaml", "e");
    put(".git/devices/x.yaml", "f");
    expect(listed()).toEqual([
      ["deployments/shop/web.yaml", "file"],
      ["devices/berlin.yml", "file"],
      ["fleet.yaml", "file"],
    ]);
  });

  test("gives files the id that git gives them, and their bytes", () => {
    const path = put("devices/a.yaml", "hello\n");
    const snapshot = readFolder(scratch.path);
    const id = execFileSync("git", ["hash-object", path], { encoding: "utf8" }).trim();
    expect(snapshot.entries[0]).toMatchObject({ id, sizeBytes: 6 });
    expect(Buffer.from(snapshot.content(id) ?? []).toString()).toBe("hello\n");
  });

  test("reports links, pipes and submodules, and follows none of them", () => {
    put("devices/real.yaml", "x");
    symlinkSync("/etc/passwd", join(scratch.path, "devices/link.yaml"));
    symlinkSync("/", join(scratch.path, "deployments"));
    execFileSync("mkfifo", [join(scratch.path, "devices/pipe.yaml")]);
    put("devices/module/.git", "gitdir: elsewhere");
    put("devices/module/inside.yaml", "x");
    expect(listed()).toEqual([
      ["deployments", "symlink"],
      ["devices/link.yaml", "symlink"],
      ["devices/module", "submodule"],
      ["devices/pipe.yaml", "other"],
      ["devices/real.yaml", "file"],
    ]);
  });

  test("does not read a file above the limit, and tells its size", () => {
    put("devices/huge.yaml", new Uint8Array(FILE_MAX_BYTES + 1));
    const snapshot = readFolder(scratch.path);
    expect(snapshot.entries[0]?.sizeBytes).toBe(FILE_MAX_BYTES + 1);
    expect(snapshot.content(snapshot.entries[0]?.id ?? "")).toBeUndefined();
  });

  test("says that a name is not UTF-8", () => {
    mkdirSync(join(scratch.path, "devices"));
    writeFileSync(
      Buffer.concat([Buffer.from(join(scratch.path, "devices/")), Buffer.from([0xff]), Buffer.from(".yaml")]),
      "x",
    );
    expect(readFolder(scratch.path).entries[0]?.invalidPath).toMatch(/not UTF-8/);
  });

  test("is wrong usage where there is no folder", () => {
    expect(() => readFolder(join(scratch.path, "nope"))).toThrow(/there is no folder/);
    expect(() => readFolder(put("file", "x"))).toThrow(/is not a folder/);
  });

  test("fails as a whole where folders never seem to end", () => {
    put(`devices/${"a/".repeat(FOLDER_DEPTH_MAX)}x.yaml`, "x");
    expect(() => readFolder(scratch.path)).toThrow(/more than 64 folders deep/);
  });
});
