/** A git server in a process of its own, as a forge is: started by `servedRepository`, ends with its parent. */
import { startGitServer } from "#sandbox/git-server.ts";

const root = process.argv[2];
if (root === undefined) throw new Error("needs the folder with the repositories");
const server = await startGitServer({ root });
process.on("disconnect", () => process.exit(0));
process.send?.(server.url);
