/** The command line: finds the command, reads its settings, runs it, and turns its end into an exit code. */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Compiled modules are kept between runs: it halves the time before the first line of a command. bin/gitfleet says so,
// too; this is for those who start Node by themselves. Not in the system's temporary folder, which is the default: there
// another user could put code of their own.
enableCompileCache(join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gitfleet"));
const { runCli, printError } = await import("./run.ts");
const { processIo } = await import("./io.ts");

const io = processIo();
// What nobody caught is not an answer (1): something failed (3).
process.on("uncaughtException", (error) => process.exit(printError(error, io)));
const code = await runCli(process.argv.slice(2), io);
await io.flush();
process.exit(code);
