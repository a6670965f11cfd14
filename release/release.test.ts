import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a release that is given a word does not begin: the last one is still there", () => {
  const program = join(import.meta.dirname, "release.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("takes no words") });
});
