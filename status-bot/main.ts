/** The status bot: brings what devices say back to git and pull requests. Reads its settings, builds the adapters, starts the loop. */
import { connectNats } from "#nats/connect.ts";
import { systemClock } from "#runtime/clock.ts";
import { errorText } from "#runtime/errors.ts";
import { startHealthServer, type Check } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { startLoop, type Loop } from "#runtime/loop.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { createDaemonMetrics } from "#runtime/process-metrics.ts";
import { githubClient, repositoryAccess, textOf } from "./access.ts";
import { StatusBranch } from "./branch/status-branch.ts";
import { Commits } from "./commits/commits.ts";
import type { StatusBotSettings } from "./config.ts";
import { decide } from "./core/decide.ts";
import type { BotEvent } from "./core/events.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import { observe } from "./core/observe.ts";
import type { BotEffect } from "./core/planned-effects.ts";
import { initialState, type BotState } from "./core/state.ts";
import { StatusFiles } from "./core/status-files.ts";
import { followFleet } from "./follow-fleet.ts";
import { dryRunWriter } from "./forge/dry-run.ts";
import type { Forge } from "./forge/forge.ts";
import type { GithubClient } from "./github/client.ts";
import { githubForge } from "./github/github.ts";
import { webhookHandler } from "./github/webhook.ts";
import { gaugeSetter } from "./gauges.ts";
import { METRICS } from "./metrics.ts";
import { performer } from "./perform.ts";
export { settings } from "./config.ts";

export interface RunContext {
  /** Aborted when the process should end. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly stdout: (text: string) => void;
}

/** Runs until the signal and gives the exit code. Throws UsageError, OutsideError. */
export async function run(settings: StatusBotSettings, { signal, logger, stdout }: RunContext): Promise<number> {
  const metrics = createDaemonMetrics(METRICS);
  const setGauges = gaugeSetter(metrics.metric);
  const client = githubClient(settings, {
    signal,
    budget: ({ remaining, limit }) => {
      metrics.metric.budget.set(remaining);
      metrics.metric.budgetLimit.set(limit);
    },
  });
  const access = repositoryAccess(settings, client);
  const forge = client === null ? null : forgeOf(settings, client, stdout);
  const view = new LiveFleet();
  const commits = access.source();
  const branch = access.source();
  const files = new StatusFiles(view);
  const folder = settings.path.replaceAll(/^\/+|\/+$/g, "");
  const receivePack = access.receivePack(signal);
  const print = settings.dryRun ? stdout : undefined;
  const setup = { branch: settings.branch, folder, pollIntervalMs: settings.pollInterval, forge };
  const loop = startLoop<BotState, BotEvent, BotEffect>({
    program: { observe, decide },
    state: initialState(setup, view),
    perform: performer({
      branch: settings.branch,
      folder,
      forge,
      source: commits,
      commits: new Commits({ source: commits, folder, branch: settings.branch }),
      statusBranch: new StatusBranch({ source: branch, receivePack, print }),
      files,
      metrics: metrics.metric,
      logger,
      random: Math.random,
    }),
    clock: systemClock,
    logger,
  });
  const health = await startHealthServer({
    listen: settings.listen,
    health: () => ({ ok: true }),
    ready: () => readiness(loop.state()),
    metrics: () => {
      setGauges(loop.state());
      return metrics.text();
    },
    routes: {
      "POST /webhook": webhookHandler({
        secret: webhookSecret(settings),
        branch: settings.branch,
        wake: () => wake(loop, metrics),
      }),
    },
  });
  logger.info({ port: health.port, branch: settings.branch, github: settings.github }, "status bot started");
  try {
    await followNats(settings, {
      view,
      signal,
      logger,
      changed: (isWhole) => loop.send({ kind: "fleet-changed", isWhole }),
    });
    return 0;
  } finally {
    await loop.stop();
    await Promise.allSettled([health.close(), commits.close(), branch.close()]);
    logger.info("status bot stopped");
  }
}

function forgeOf(settings: StatusBotSettings, client: GithubClient, print: (text: string) => void): Forge {
  const forge = githubForge(client);
  return settings.dryRun ? { ...forge, writer: dryRunWriter(print, () => systemClock.nowMs()) } : forge;
}

function webhookSecret({ webhookSecretFile }: StatusBotSettings): string | null {
  return webhookSecretFile === undefined ? null : textOf(webhookSecretFile, "--webhook-secret-file");
}

function wake(loop: Loop<BotState, BotEvent>, { metric }: Metrics<keyof typeof METRICS>): void {
  metric.webhooks.add();
  loop.send({ kind: "woken" });
}

interface Following {
  readonly view: LiveFleet;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly changed: (isWhole: boolean) => void;
}

// Pull requests are judged without NATS: the loop runs already while the first connection is still being tried.
async function followNats(settings: StatusBotSettings, { view, signal, logger, changed }: Following): Promise<void> {
  try {
    const link = await connectNats(settings.nats, { name: "gitfleet-status-bot", logger, signal });
    try {
      await followFleet({ link, view, clock: systemClock, signal, changed });
    } finally {
      await link.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    logger.debug({ reason: errorText(error) }, "stopped before NATS was reached");
  }
}

function readiness(state: BotState): Check {
  const resting = Object.fromEntries([...state.rests].map(([key, rest]) => [key, rest.message]));
  const troubled = ["forge", "git", "status-branch"].some((place) => state.rests.has(place));
  const isWrongBranch = state.status?.branch === state.setup.branch;
  const ok = state.lookedAtMs !== null && state.isWhole && !troubled && !isWrongBranch;
  return { ok, head: state.head, fleetSeen: state.isWhole, statusBranch: state.status?.branch ?? null, resting };
}
