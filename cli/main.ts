/** The whole command line as a program. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Compiled modules are kept between runs: it halves the time before the first line of a command. bin/gitfleet of a
// checkout says so, too; this is for those who start Node by themselves, and for releases. Not in the system's temporary
// folder, which is the default: there another user could put code of their own. A user without a home, as containers
// have, goes without.
const home = process.env["HOME"];
const caches = process.env["XDG_CACHE_HOME"] ?? (home === undefined ? undefined : join(home, ".cache"));
if (caches !== undefined) enableCompileCache(join(caches, "gitfleet"));

const { runProcess } = await import("./run-process.ts");
const { COMMANDS } = await import("./commands.ts");
await runProcess(COMMANDS);
