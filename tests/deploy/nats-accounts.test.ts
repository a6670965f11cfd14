/** deploy/nats/accounts.conf as it stands there, included as it says; what it allows is tried in tests/contract. */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findNatsServer } from "#sandbox/find-nats-server.ts";
import { runCommand } from "#sandbox/run-command.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";

const PASSWORDS = { GITFLEET_CLOUD_PASSWORD: "one-secret", GITFLEET_KIOSK_0001_PASSWORD: "another-secret" };

/** What the server says of its configuration without starting; rejects where it refuses it. */
async function judged(env: NodeJS.ProcessEnv): Promise<string> {
  const scratch = scratchFolder("accounts");
  onTestFinished(() => scratch.remove());
  copyFileSync(join(repositoryRoot, "deploy/nats/accounts.conf"), join(scratch.path, "accounts.conf"));
  const config = join(scratch.path, "nats.conf");
  writeFileSync(config, `jetstream { store_dir: ${JSON.stringify(scratch.path)} }\ninclude accounts.conf\n`);
  const { stdout, stderr } = await runCommand(findNatsServer(), ["--config", config, "-t"], { env });
  return stdout + stderr;
}

test("a server takes the accounts, with passwords from its environment", async () => {
  expect(await judged({ ...process.env, ...PASSWORDS })).toContain("is valid");
});

test("a server without a password is refused instead of being open", async () => {
  await expect(judged({ ...process.env, GITFLEET_CLOUD_PASSWORD: "one-secret" })).rejects.toThrow(
    "GITFLEET_KIOSK_0001_PASSWORD",
  );
});
