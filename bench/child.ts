/** A part of the benchmark in a process of its own: its heap and its compiled code are not those of the part before. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "main.ts");
/** Rows that hold a million keys need room, and those that measure memory an empty heap to begin with. */
const FLAGS = ["--expose-gc", "--max-old-space-size=12288"];
const STOP_WITHIN_MS = 8_000;

/** Runs `bench/main.ts` with these arguments and gives what it printed. Progress goes on to stderr. Throws where it fails. */
export async function inChild(args: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = (): void => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS).unref();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    let printed = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => (printed += text));
    const [code, by] = (await once(child, "close")) as [number | null, string | null];
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`bench ${args.join(" ")} ended with ${code ?? by}`);
    return printed;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
