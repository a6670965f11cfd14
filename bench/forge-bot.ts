/** A status bot as a user starts it, for a model of GitHub that tells it of pushes and pull requests. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "#sandbox/free-port.ts";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startGitfleet } from "#sandbox/gitfleet-process.ts";
import type { UndoStack } from "#sandbox/local-fleet.ts";
import { until } from "#sandbox/until.ts";

/** A large repository is fetched and judged for the first time. */
export const WARM_LIMIT_MS = 120_000;
const SECRET = "bench";

/** Where it works, and with which further words. */
export interface ForgeBotOptions {
  readonly natsUrl: string;
  /** An existing one, for its secrets and its log. */
  readonly folder: string;
  readonly undo: UndoStack;
  readonly more?: readonly string[];
}

/** Resolves when the bot has judged main; from then on webhooks wake it. */
export async function startForgeBot(github: GithubModel, options: ForgeBotOptions): Promise<void> {
  const { natsUrl, folder, undo, more = [] } = options;
  const port = await freePort();
  const [token, secret] = [join(folder, "token"), join(folder, "secret")];
  writeFileSync(token, github.token, { mode: 0o600 });
  writeFileSync(secret, SECRET, { mode: 0o600 });
  const logFolder = join(folder, "logs");
  mkdirSync(logFolder, { recursive: true });
  const forge = ["--github", github.fullName, "--github-url", github.url, "--git-token-file", token];
  const hook = ["--webhook-secret-file", secret, "--listen", `127.0.0.1:${port}`];
  const args = ["status-bot", "--repo", github.gitUrl, ...forge, ...hook, "--nats", natsUrl, ...more];
  const bot = startGitfleet({ name: "status-bot", logFolder, args });
  undo.add("the bot", async () => await bot.stop());
  const main = (await github.head("main")) ?? "";
  await until("the bot judged main", () => github.statusesOf(main).length > 0, { limitMs: WARM_LIMIT_MS });
  github.addWebhook({ url: `http://127.0.0.1:${port}/webhook`, secret: SECRET });
}
