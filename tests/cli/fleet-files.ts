/** Small fleet repositories for tests of the command line. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GitRepository } from "#sandbox/git-repository.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { onTestFinished } from "vitest";

/** One device, as YAML. */
export function device(id: string, labels = "role: kiosk", spec = "{}"): string {
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: Device\nmetadata: {name: ${id}, labels: {${labels}}}\nspec: ${spec}\n`;
}

/** One deployment of one service on kiosks, as YAML. */
export function deployment(name: string, image = "registry.example/web:1", port = 8080): string {
  return `apiVersion: gitfleet.dev/v1alpha1
kind: Deployment
metadata: {name: ${name}}
spec:
  targetSelector:
    matchLabels: {role: kiosk}
  score:
    type: PodmanV0
    data:
      services:
        - name: web
          image: ${image}
          ports: ["${port}:80"]
`;
}

/** Two kiosks, a till and one deployment. */
export const SMALL_FLEET: Readonly<Record<string, string>> = {
  "devices/berlin.yaml": `${device("kiosk-0001")}---\n${device("kiosk-0002")}---\n${device("till-0001", "role: till")}`,
  "deployments/web.yaml": deployment("web"),
};

/** A folder that ends with the test. */
export function testFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const scratch = scratchFolder("cli");
  onTestFinished(() => scratch.remove());
  const folder = join(scratch.path, "fleet");
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) put(folder, path, content);
  return folder;
}

/** Writes one file below a folder. */
export function put(folder: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** A git repository that ends with the test. */
export function testRepository(): GitRepository {
  return new GitRepository(testFolder());
}
