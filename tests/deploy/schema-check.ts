/**
 * Holds objects against the OpenAPI schema of Kubernetes 1.30, from which the package kubernetes-types is made.
 * As TypeScript literals, so that the compiler finds unknown fields, missing ones and values of a wrong type.
 */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import type { KubernetesObject } from "./kubectl.ts";

const LIMIT_MS = 60_000;
const COMPILER_OPTIONS = {
  strict: true,
  noEmit: true,
  target: "es2023",
  module: "preserve",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  types: [],
};

/** What is wrong with the objects, a line each; empty where all fit. */
export async function schemaProblems(objects: readonly KubernetesObject[]): Promise<string[]> {
  const scratch = scratchFolder("schema");
  try {
    mkdirSync(join(scratch.path, "node_modules"));
    symlinkSync(
      join(repositoryRoot, "node_modules", "kubernetes-types"),
      join(scratch.path, "node_modules", "kubernetes-types"),
    );
    writeFileSync(join(scratch.path, "pod-monitor.ts"), POD_MONITOR);
    writeFileSync(
      join(scratch.path, "tsconfig.json"),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: objects.map((_, index) => fileOf(index)) }),
    );
    for (const [index, object] of objects.entries()) {
      writeFileSync(join(scratch.path, fileOf(index)), sourceOf(object));
    }
    return named(await compile(scratch.path), objects);
  } finally {
    scratch.remove();
  }
}

function fileOf(index: number): string {
  return `object-${index}.ts`;
}

function sourceOf(object: KubernetesObject): string {
  const { apiVersion, kind } = object;
  return [
    `import type { ${kind} } from "${moduleOf(apiVersion)}";`,
    `export const object: ${kind} = ${JSON.stringify(object, null, 2)};`,
    "",
  ].join("\n");
}

/** `v1` is the core group; `networking.k8s.io/v1` stands in `networking/v1`. */
function moduleOf(apiVersion: string): string {
  if (apiVersion === "monitoring.coreos.com/v1") return "./pod-monitor.ts";
  const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : ["core", apiVersion];
  return `kubernetes-types/${group.replace(/\.k8s\.io$/, "")}/${version}`;
}

/** Not part of Kubernetes: as much of the Prometheus operator's PodMonitor as is used here, by its own documentation. */
const POD_MONITOR = `
import type { LabelSelector, ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
export interface PodMonitor {
  apiVersion: "monitoring.coreos.com/v1";
  kind: "PodMonitor";
  metadata?: ObjectMeta;
  spec: {
    selector: LabelSelector;
    podMetricsEndpoints?: Array<{ port?: string; path?: string; interval?: string; scrapeTimeout?: string }>;
  };
}
`;

async function compile(folder: string): Promise<string> {
  const compiler = join(repositoryRoot, "node_modules", "typescript", "bin", "tsc");
  return await new Promise((resolve) => {
    execFile(process.execPath, [compiler, "-p", folder], { cwd: folder, timeout: LIMIT_MS }, (error, stdout, stderr) =>
      resolve(error === null ? "" : stdout || stderr || error.message),
    );
  });
}

function named(output: string, objects: readonly KubernetesObject[]): string[] {
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.replaceAll('"', ""))
    .map((line) =>
      line.replace(/^object-(\d+)\.ts\(\d+,\d+\): error TS\d+/, (_, index) => {
        const object = objects[Number(index)];
        return `${object?.kind} ${object?.metadata.name}`;
      }),
    );
}
