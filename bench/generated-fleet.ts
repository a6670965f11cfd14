/** A made-up fleet of any size, the same for the same seed: what rows read, plan and mirror. */
import { labelsOf, scoreOf, type DeploymentTraits } from "./generated-texts.ts";
import type { FleetSize } from "./sizes.ts";

/** One file of the repository. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Files in a folder of a sharded repository. */
const PER_FOLDER = { deployments: 100, devices: 250 };
/** One in so many deployments says something different on each device. */
const TEMPLATED_EVERY = 10;
const FIRST_PORT = 8_000;

/** The whole repository, file by file. `fleet.yaml` comes first. */
export function* fleetFiles(size: FleetSize): Generator<GeneratedFile> {
  yield { path: "fleet.yaml", text: `${opening("Fleet", "bench")}spec: {prune: {maxPercent: 30, minKeys: 10}}\n` };
  yield* kindFiles(size, "deployments", size.deployments, (index) => deploymentText(size, index));
  yield* kindFiles(size, "devices", size.devices, (index) => deviceText(size, index));
}

/** The document of one deployment; `revision` moves its image. */
export function deploymentText(size: FleetSize, index: number, revision = 0): string {
  // Those that land on one device publish different ports; everywhere else the same ones come again.
  const port = FIRST_PORT + Math.floor(index / size.groups);
  const traits: DeploymentTraits = { index, revision, port, templated: index % TEMPLATED_EVERY === 0 };
  const selector = `  targetSelector:\n    matchLabels:\n      group: ${groupName(index % size.groups)}\n`;
  return `${opening("Deployment", deploymentName(index))}spec:\n${selector}${scoreOf(traits)}`;
}

/** The document of one device; `changes` replaces labels. */
export function deviceText(size: FleetSize, index: number, changes: Readonly<Record<string, string>> = {}): string {
  const labels = { ...labelsOf(index), group: groupName(index % size.groups), ...changes };
  const lines = Object.entries(labels).map(([key, value]) => `    ${key}: ${value}\n`);
  return `${opening("Device", deviceName(index))}  labels:\n${lines.join("")}  annotations:\n    note: placed by the generator of the benchmark, the same for the same index\nspec: {}\n`;
}

/** A deployment for every device: all of them have the label `fleet: bench`. */
export function everywhereText(revision = 0): string {
  const traits: DeploymentTraits = { index: 0, revision, port: FIRST_PORT - 1, templated: false };
  const selector = "  targetSelector:\n    matchLabels:\n      fleet: bench\n";
  return `${opening("Deployment", "everywhere")}spec:\n${selector}${scoreOf(traits)}`;
}

export function deploymentName(index: number): string {
  return `app-${String(index).padStart(5, "0")}`;
}

export function deviceName(index: number): string {
  return `dev-${String(index).padStart(7, "0")}`;
}

/** The path of the file that holds a deployment or a device. */
export function pathOf(size: FleetSize, kind: "deployments" | "devices", index: number): string {
  const count = kind === "deployments" ? size.deployments : size.devices;
  if (size.files !== "one-each") return shardPath(size, kind, Math.floor(index / Math.ceil(count / size.files)));
  const name = kind === "deployments" ? deploymentName(index) : deviceName(index);
  return `${kind}/${size.sharded ? `${folderName(Math.floor(index / PER_FOLDER[kind]))}/` : ""}${name}.yaml`;
}

/** The file that holds a device, with labels of that one replaced. */
export function fileWithDevice(
  size: FleetSize,
  index: number,
  changes: Readonly<Record<string, string>>,
): GeneratedFile {
  const perFile = perFileOf(size, size.devices);
  const from = index - (index % perFile);
  const texts = Array.from({ length: Math.min(perFile, size.devices - from) }, (_, at) =>
    deviceText(size, from + at, from + at === index ? changes : {}),
  );
  return { path: pathOf(size, "devices", index), text: texts.join("---\n") };
}

/** The file in which a deployment stands, with that deployment in another revision. */
export function fileWithDeployment(size: FleetSize, index: number, revision: number): GeneratedFile {
  const perFile = perFileOf(size, size.deployments);
  const from = index - (index % perFile);
  const texts = Array.from({ length: Math.min(perFile, size.deployments - from) }, (_, at) =>
    deploymentText(size, from + at, from + at === index ? revision : 0),
  );
  return { path: pathOf(size, "deployments", index), text: texts.join("---\n") };
}

function perFileOf({ files }: FleetSize, count: number): number {
  return files === "one-each" ? 1 : Math.ceil(count / files);
}

function* kindFiles(
  size: FleetSize,
  kind: "deployments" | "devices",
  count: number,
  textOf: (index: number) => string,
): Generator<GeneratedFile> {
  const perFile = perFileOf(size, count);
  for (let from = 0; from < count; from += perFile) {
    const texts = Array.from({ length: Math.min(perFile, count - from) }, (_, at) => textOf(from + at));
    yield { path: pathOf(size, kind, from), text: texts.join("---\n") };
  }
}

function shardPath({ sharded }: FleetSize, kind: string, file: number): string {
  const folder = sharded ? `${folderName(Math.floor(file / 100))}/` : "";
  return `${kind}/${folder}part-${String(file).padStart(4, "0")}.yaml`;
}

function folderName(index: number): string {
  return String(index).padStart(3, "0");
}

export function groupName(index: number): string {
  return `g-${String(index).padStart(5, "0")}`;
}

function opening(kind: string, name: string): string {
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n`;
}
