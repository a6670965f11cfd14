/** The ways to install on Kubernetes that people are shown, each as the objects that kubectl would apply. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { scratchFolder } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { kustomize, type KubernetesObject } from "./kubectl.ts";

const kubernetes = join(repositoryRoot, "deploy", "kubernetes");

/** A way, and what it makes. */
export interface Variant {
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
}

export const VARIANTS: readonly Variant[] = [
  { name: "trial", objects: await kustomize(join(kubernetes, "overlays/trial")) },
  { name: "production", objects: await kustomize(join(kubernetes, "overlays/production")) },
  { name: "production with the pod monitor", objects: await monitored() },
];

/** An overlay of one's own, over that of production. */
async function monitored(): Promise<KubernetesObject[]> {
  const scratch = scratchFolder("overlay");
  try {
    const folder = join(scratch.path, "mine");
    mkdirSync(folder);
    const lines = [
      "namespace: gitfleet",
      `resources: [${relative(folder, join(kubernetes, "overlays/production"))}]`,
      `components: [${relative(folder, join(kubernetes, "components/pod-monitor"))}]`,
    ];
    writeFileSync(join(folder, "kustomization.yaml"), lines.join("\n"));
    return await kustomize(folder);
  } finally {
    scratch.remove();
  }
}
