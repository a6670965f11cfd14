import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";

const LINES = 20_000;

/** A process that first uses its stderr as the command line does, which makes it one that never blocks, and then logs. */
function logging(lines: number) {
  const program = `
    import { writeStderr } from ${JSON.stringify(join(import.meta.dirname, "write-stderr.ts"))};
    process.stderr.on("error", () => {});
    process.stdout.write("begins");
    for (let n = 0; n < ${lines}; n += 1) writeStderr(\`\${n} \${"x".repeat(90)}\\n\`);
    process.stdout.write(" ends");`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("a line on stderr", () => {
  test("is not lost to a reader that is slower than the writer", async () => {
    const child = logging(LINES);
    // The pipe is full long before anybody reads.
    await once(child.stdout, "data");
    const lines = (await text(child.stderr)).split("\n");
    expect(lines).toHaveLength(LINES + 1);
    expect(lines.at(-2)).toMatch(/^19999 x+$/);
  });

  test("that nobody can read any more does not end the program", async () => {
    const child = logging(LINES);
    child.stderr.destroy();
    expect(await text(child.stdout)).toBe("begins ends");
  });
});
