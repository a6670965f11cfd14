/** The npm package: the compiled command line as a file that `npm install` takes. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Packs a built folder into `out`; gives the path of the package. npm itself sees to it that equal folders give equal bytes. */
export function packNpm(built: string, out: string): string {
  const packed = execFileSync("npm", ["pack", built, "--json", "--ignore-scripts", "--pack-destination", out], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [{ filename = "" } = {}] = JSON.parse(packed) as { filename?: string }[];
  if (filename === "") throw new Error(`npm packed nothing; it said: ${packed}`);
  return join(out, filename);
}
