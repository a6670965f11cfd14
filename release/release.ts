/**
 * `npm run release`: all that people install, in out/release. Nothing is uploaded.
 *
 *   gitfleet-VERSION.tgz                     the command line, for npm install
 *   gitfleet-agent-VERSION.cjs               the agent for devices that have Node 24
 *   gitfleet-agent-VERSION-linux-ARCH        the agent with its own Node, for x64 and arm64
 *   gitfleet-agent_VERSION_ARCH.deb          the same as a service, for amd64 and arm64
 *   gitfleet-VERSION.cdx.json                what is in there of others (CycloneDX)
 *   SHA256SUMS                               of all of these
 *
 * Who makes it again from the same commit with the same Node, npm and dpkg gets the same bytes.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { version } from "#runtime/version.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { buildPackage } from "./build.ts";
import { bundleAgent } from "./bundle.ts";
import { CHECKSUMS_FILE, writeChecksums } from "./checksums.ts";
import { makeDebianPackage } from "./debian-package.ts";
import { makeExecutable } from "./executable.ts";
import { nodeBinary, releasedNodeVersion, type Arch } from "./node-binary.ts";
import { noticesText } from "./notices.ts";
import { packNpm } from "./npm-package.ts";
import { shippedPackages, type Shipped } from "./shipped.ts";
import { sourceDateSeconds } from "./source-date.ts";

const ARCHS: readonly Arch[] = ["x64", "arm64"];
/** 29 instead of 34 MB; nobody minds the minutes when a release is made. */
const LEVEL = 6;

/** Where from, where to. */
export interface ReleaseOptions {
  /** The checkout. */
  readonly root: string;
  readonly out: string;
  /** How hard the Debian packages are compressed, 0 to 9. */
  readonly level?: number;
  readonly say?: (line: string) => void;
}

/** What the agent and its parts are called. */
export function agentBundle(out: string): string {
  return join(out, `gitfleet-agent-${version}.cjs`);
}

export function agentExecutable(out: string, arch: Arch): string {
  return join(out, `gitfleet-agent-${version}-linux-${arch}`);
}

/** What is the same for every machine: the npm package, the bundle, the bill of materials. Takes seconds. */
export async function releasePortable({ root, out }: ReleaseOptions): Promise<{ readonly agent: Shipped[] }> {
  const dateSeconds = sourceDateSeconds(root);
  const built = join(out, ".build");
  const commandLine = await buildPackage(root, built);
  packNpm(built, out);
  rmSync(built, { recursive: true });
  const agent = shippedPackages(root, await bundleAgent({ root, out: agentBundle(out) }));
  const bill = billOfMaterials({ root, version, dateSeconds, commandLine, agent });
  writeFileSync(join(out, `gitfleet-${version}.cdx.json`), bill);
  return { agent };
}

/** All of it; gives the checksums by name. */
export async function release(options: ReleaseOptions): Promise<Map<string, string>> {
  const { root, out, level = LEVEL, say = () => {} } = options;
  const dateSeconds = sourceDateSeconds(root);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  say("the npm package, the bundle and the bill of materials");
  const { agent } = await releasePortable(options);
  const copyright = noticesText(root, agent);
  for (const arch of ARCHS) {
    say(`the executable and the Debian package for ${arch}`);
    const executable = agentExecutable(out, arch);
    const node = nodeBinary(root, { version: releasedNodeVersion(root), arch });
    makeExecutable({ bundle: agentBundle(out), node, out: executable });
    makeDebianPackage({ root, arch, version, executable, copyright, dateSeconds, level, out });
  }
  return await writeChecksums(out);
}

if (import.meta.main) {
  // It takes minutes and begins with deleting the last one: a word that means nothing must not start it.
  if (process.argv.length > 2) {
    process.stderr.write("release: npm run release takes no words, and makes everything in out/release\n");
    process.exit(2);
  }
  const out = join(packageRoot(), "out/release");
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const sums = await release({ root: packageRoot(), out, say });
  for (const [name, sum] of sums) process.stdout.write(`${sum}  ${name}\n`);
  say(`${out} has them all; sha256sum --check ${CHECKSUMS_FILE} there tells whether they are whole`);
}
