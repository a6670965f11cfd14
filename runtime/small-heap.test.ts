import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/** Lets many objects live for a moment, then says how much room there is for new ones. */
const PROGRAM = `
  const { keepHeapSmall } = await import(process.argv[1]);
  const { getHeapSpaceStatistics } = await import("node:v8");
  if (process.argv[2] === "small") keepHeapSmall();
  const recent = [];
  for (let at = 0; at < 3_000_000; at += 1) recent[at % 50_000] = { at };
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size);
`;

async function roomForNewObjects(heap: "small" | "as it is"): Promise<number> {
  const args = ["--input-type=module", "--eval", PROGRAM, join(import.meta.dirname, "small-heap.ts"), heap];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  // V8 names the settings that it does not know, and goes on.
  expect(stderr).toBe("");
  return Number(stdout);
}

describe("a small heap", () => {
  test("is a matter of settings that this Node knows, and leaves less room for new objects", async () => {
    const [small, asItIs] = await Promise.all([roomForNewObjects("small"), roomForNewObjects("as it is")]);
    expect(small).toBeLessThan(asItIs / 2);
  });
});
