import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const SHUTDOWN = resolve(import.meta.dirname, "shutdown.ts");

/** Runs a program around runUntilSignal, sends it signals once it is up, and gives how it ended. */
async function ended(body: string, options: string, signals: NodeJS.Signals[]): Promise<[number | null, string]> {
  const program = `
    import { runUntilSignal } from ${JSON.stringify(SHUTDOWN)};
    setInterval(() => {}, 1_000);
    const code = await runUntilSignal(${body}, ${options});
    console.log("end");
    process.exit(code);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (text.includes("up") || text.includes("stopping")) {
      const signal = signals.shift();
      if (signal !== undefined) child.kill(signal);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  return [code, output];
}

describe("a daemon", () => {
  const clean = `async (signal) => {
    console.log("up");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return 7;
  }`;
  const deaf = `async (signal) => {
    signal.addEventListener("abort", () => console.log("stopping"));
    console.log("up");
    await new Promise(() => {});
  }`;

  test.each(["SIGTERM", "SIGINT"] as const)("ends with what it gives when it stops cleanly at %s", async (signal) => {
    expect(await ended(clean, "{}", [signal])).toEqual([7, "up\nend\n"]);
  });

  test("leaves with 3 when stopping takes too long", async () => {
    expect(await ended(deaf, "{ limitMs: 50 }", ["SIGTERM"])).toEqual([3, "up\nstopping\n"]);
  });

  test("leaves at once at a second signal", async () => {
    expect(await ended(deaf, "{ limitMs: 3_600_000 }", ["SIGTERM", "SIGTERM"])).toEqual([3, "up\nstopping\n"]);
  });
});
