#!/usr/bin/env node
/**
 * Makes a checkout ready: npm packages (Node 24 among them) and, on Linux with apt, the programs of the system.
 * Plain JavaScript without packages, because it runs before there are any, on Node 20 or newer.
 *
 *   node bin/setup.mjs [--for demo|test|slow|bench]
 *
 * Exit codes: 0 everything is there, 2 wrong usage, 3 something is missing that it may not or cannot install.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureArm64Emulator } from "./setup/arm64-emulator.mjs";
import { ensureNode24, ensureNpmPackages } from "./setup/npm-packages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";
import { ensureKubectl } from "./setup/kubectl.mjs";
import { ensurePodmanRuns } from "./setup/podman-check.mjs";
import { ensurePromtool } from "./setup/promtool.mjs";
import { SetupError, say } from "./setup/progress.mjs";

const NODE_MAJOR_MIN = 20;
const PURPOSES = ["demo", "test", "slow", "bench"];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main() {
  const purpose = readPurpose(process.argv.slice(2));
  if (purpose === null) {
    say("usage: node bin/setup.mjs [--for demo|test|slow|bench]");
    process.exitCode = 2;
    return;
  }
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR_MIN) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: gitfleet is set up by Node ${NODE_MAJOR_MIN} or newer.`,
      ["Install a newer Node (https://nodejs.org), then try again."],
    );
  }
  await ensureNpmPackages(root);
  await ensureNode24(root);
  // The slow tests need what the others need, and more.
  await ensureSystemPackages(purpose === "slow" ? "test" : purpose);
  if (purpose === "test") await ensurePromtool(root);
  await ensurePodmanRuns(root);
  if (purpose === "slow") await ensureArm64Emulator(root);
  if (purpose === "test") await ensureKubectl(root);
}

/** What to set up for; null where the command line makes no sense. */
function readPurpose(args) {
  if (args.length === 0) return "demo";
  const purpose = args[0] === "--for" ? args[1] : args[0]?.replace(/^--for=/, "");
  return PURPOSES.includes(purpose) && args.length <= 2 ? purpose : null;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`\nsetup: ${error.message}`);
  for (const line of error.next) say(`  ${line}`);
  process.exitCode = 3;
}
