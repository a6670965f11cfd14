/** A fleet repository made from the template: what the demo, the end-to-end tests and the benchmark commit to. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { runCommand } from "./run-command.ts";

const TEMPLATE = join(packageRoot(), "fleet-repo-template");

/** The device that is real: this machine's podman. */
export const REAL_DEVICE = "this-machine";
/** With the template's eight there are so many simulated devices. */
export const SIMULATED_DEVICES = 20;
const KIOSKS_MORE = 12;
const STATUS_INTERVAL = "interval: 2s";

/** A normal repository with a working copy, branch `main`. */
export interface FleetRepository {
  readonly path: string;
  /** Writes a file of the working copy; null removes it. */
  write(path: string, text: string | null): void;
  /** Commits the working copy as it is and gives the commit's id. */
  commit(message: string): Promise<string>;
  git(...args: string[]): Promise<string>;
}

/** Makes the repository in `path`, which must not exist, and commits the template with the devices of this machine. */
export async function createFleetRepository(path: string): Promise<FleetRepository> {
  cpSync(TEMPLATE, path, { recursive: true });
  const repository = openRepository(path);
  await repository.git("init", "--quiet", "--initial-branch=main");
  // A fresh machine has no name for its user yet, and a test must not depend on one's hooks or signatures.
  const settings = { "user.name": "gitfleet demo", "user.email": "demo@gitfleet.invalid", "commit.gpgsign": "false" };
  for (const [key, value] of Object.entries(settings)) await repository.git("config", key, value);
  await repository.git("config", "core.hooksPath", "/dev/null");
  repository.write("devices/demo.yaml", demoDevices());
  // Nobody wants to watch a demo for the usual minute until a comment goes on.
  repository.write(
    "fleet.yaml",
    readFileSync(join(TEMPLATE, "fleet.yaml"), "utf8").replace(/interval: \d+s/, STATUS_INTERVAL),
  );
  await repository.commit("A fleet from the template");
  return repository;
}

function openRepository(path: string): FleetRepository {
  const git = async (...args: string[]): Promise<string> =>
    (await runCommand("git", args, { cwd: path })).stdout.trim();
  return {
    path,
    git,
    write(file, text) {
      const full = join(path, file);
      if (text === null) return rmSync(full, { recursive: true, force: true });
      mkdirSync(dirname(full), { recursive: true });
      return writeFileSync(full, text);
    },
    async commit(message) {
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "-m", message);
      return await git("rev-parse", "HEAD");
    },
  };
}

function demoDevices(): string {
  const kiosks = Array.from({ length: KIOSKS_MORE }, (_, index) => {
    const site = index % 2 === 0 ? "berlin" : "paris";
    const number = (site === "berlin" ? 3 : 103) + Math.floor(index / 2);
    return device(`kiosk-${String(number).padStart(4, "0")}`, `{role: kiosk, site: ${site}}`);
  });
  const real = device(REAL_DEVICE, "{role: demo, site: here}");
  return `# The real device: podman on this machine.\n${real}---\n# More kiosks, simulated.\n${kiosks.join("---\n")}`;
}

function device(name: string, labels: string): string {
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: Device\nmetadata:\n  name: ${name}\n  labels: ${labels}\n`;
}

/** The deployment for the real device: one web server on a port of this machine. */
export function helloDeployment({ image, port }: { readonly image: string; readonly port: number }): string {
  return `# A web server on this machine's podman. Change the image to web:2, commit, and look at it again.
apiVersion: gitfleet.dev/v1alpha1
kind: Deployment
metadata:
  name: hello
spec:
  targetSelector:
    matchLabels: {role: demo}
  score:
    type: PodmanV0
    data:
      services:
        - name: web
          image: ${image}
          ports: ["${port}:80"]
          stop_grace_seconds: 2
`;
}
