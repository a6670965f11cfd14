/** The process around a run of the command line: its words, its streams, its exit code. */
import type { CommandEntry } from "./command.ts";
import { processIo } from "./io.ts";
import { printError, runCli } from "./run.ts";

/** Runs the command that this process was started with, and ends the process. */
export async function runProcess(commands: readonly CommandEntry[]): Promise<never> {
  const io = processIo();
  // What nobody caught is not an answer (1): something failed (3).
  process.on("uncaughtException", (error) => process.exit(printError(error, io)));
  const code = await runCli(process.argv.slice(2), commands, io);
  await io.flush();
  process.exit(code);
}
