/** The bill of materials: which packages of others are in a release, in which part of it, by their checksums in the lock file. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { releasedNodeVersion } from "./node-binary.ts";
import type { Shipped } from "./shipped.ts";

/** What is in which part. */
export interface Materials {
  readonly root: string;
  readonly version: string;
  readonly dateSeconds: number;
  /** In the npm package. */
  readonly commandLine: readonly Shipped[];
  /** In the bundle, the executables and the Debian packages. */
  readonly agent: readonly Shipped[];
}

/** CycloneDX 1.6 as JSON. Equal materials give equal bytes. */
export function billOfMaterials(materials: Materials): string {
  const { version, dateSeconds } = materials;
  const components = [...packageComponents(materials), nodeComponent(materials)];
  const product = {
    type: "application",
    "bom-ref": "gitfleet",
    name: "gitfleet",
    version,
    licenses: license("Apache-2.0"),
  };
  const bill = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([product, components]))}`,
    version: 1,
    metadata: { timestamp: new Date(dateSeconds * 1_000).toISOString(), component: product },
    components,
    dependencies: [{ ref: "gitfleet", dependsOn: components.map((one) => one["bom-ref"]) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function packageComponents({ root, commandLine, agent }: Materials) {
  const integrity = lockedIntegrity(root);
  const inAgent = new Set(agent.map(({ folder }) => folder));
  const inCommandLine = new Set(commandLine.map(({ folder }) => folder));
  const all = new Map([...commandLine, ...agent].map((one) => [one.folder, one]));
  return [...all.values()]
    .toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
    .map(({ name, version, license: terms, folder }) => {
      const parts = [...(inCommandLine.has(folder) ? ["npm package"] : []), ...(inAgent.has(folder) ? ["agent"] : [])];
      const purl = purlOf(name, version);
      return {
        type: "library",
        "bom-ref": purl,
        name,
        version,
        hashes: [{ alg: "SHA-512", content: hexOf(integrity(folder)) }],
        licenses: license(terms),
        purl,
        properties: parts.map((value) => ({ name: "gitfleet:part", value })),
      };
    });
}

/** The executables and the Debian packages are Node with the agent inside. */
function nodeComponent({ root }: Materials) {
  const version = releasedNodeVersion(root);
  const purl = `pkg:generic/node@${version}`;
  const properties = [{ name: "gitfleet:part", value: "executables" }];
  return { type: "application", "bom-ref": purl, name: "node", version, licenses: license("MIT"), purl, properties };
}

function lockedIntegrity(root: string): (folder: string) => string {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { integrity?: string }>;
  };
  return (folder) => {
    const found = packages[folder]?.integrity;
    if (found === undefined)
      throw new Error(`package-lock.json has no checksum of ${folder}: run npm ci, then try again`);
    return found;
  };
}

// A package URL writes the scope's @ as %40.
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}

function license(terms: string) {
  return /[ ()]/.test(terms) ? [{ expression: terms }] : [{ license: { id: terms } }];
}

/** Version 8 of RFC 9562: a name of our own making, here of what the bill is about. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
