/** The command line: finds the command, reads its settings, runs it, and turns its end into an exit code. */
import { enableCompileCache } from "node:module";

// Compiled code of the modules is kept between runs: it halves the time before the first line of a command.
enableCompileCache();
const { runCli } = await import("./run.ts");
const { processIo } = await import("./io.ts");

const io = processIo();
const code = await runCli(process.argv.slice(2), io);
await io.flush();
process.exit(code);
