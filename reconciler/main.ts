/** The reconciler: brings what git says to NATS and keeps it there. Reads its settings, builds the adapters, starts the loop. */
import { hostname } from "node:os";
import { connectNats } from "#nats/connect.ts";
import { startLease } from "#nats/lease.ts";
import type { NatsLink } from "#nats/link.ts";
import { createWriter } from "#nats/writer.ts";
import { isRemote, remoteAddress } from "#git/remote-address.ts";
import { systemClock } from "#runtime/clock.ts";
import { errorText, OutsideError, UsageError } from "#runtime/errors.ts";
import { startHealthServer } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { startLoop } from "#runtime/loop.ts";
import { startBucketFeeds } from "./bucket-feeds.ts";
import { Commits } from "./commits.ts";
import type { ReconcilerSettings } from "./config.ts";
import { decide } from "./core/decide.ts";
import type { Effect } from "./core/effect.ts";
import type { Event } from "./core/event.ts";
import { observe } from "./core/observe.ts";
import { initialState, type State } from "./core/state.ts";
import { createReconcilerMetrics, metricsUpdater } from "./metrics.ts";
import { OncePass, type ExitCode } from "./once-pass.ts";
import { Performer } from "./perform.ts";
import { healthOf, readinessOf, stanceLogger } from "./report.ts";

export { settings } from "./config.ts";

export interface RunContext {
  /** Aborted when the process should end. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly stdout: (text: string) => void;
}

/** `--once` waits at most this long for NATS. */
const ONCE_NATS_WAIT_MS = 10_000;

/** Runs until the signal (or, with `once`, until the pass is over) and gives the exit code. Throws UsageError, OutsideError. */
export async function run(settings: ReconcilerSettings, { signal, logger }: RunContext): Promise<ExitCode> {
  refuseBadSource(settings.repo);
  const link = await connected(settings, signal, logger);
  if (link === null) return settings.once ? 3 : 0;
  try {
    return await reconcile(settings, { link, signal, logger });
  } finally {
    await link.close();
  }
}

// Wrong usage is said before anything is started.
function refuseBadSource(repo: string): void {
  if (!isRemote(repo)) return;
  try {
    remoteAddress(repo);
  } catch (error) {
    throw new UsageError(errorText(error), {
      hint: "Forges offer an https address for every repository.",
      cause: error,
    });
  }
}

async function connected(settings: ReconcilerSettings, signal: AbortSignal, logger: Logger): Promise<NatsLink | null> {
  const wait = settings.once ? { waitMs: ONCE_NATS_WAIT_MS } : {};
  try {
    return await connectNats(settings.nats, { name: "gitfleet-reconciler", logger, signal, ...wait });
  } catch (error) {
    if (signal.aborted) return null;
    throw new OutsideError(errorText(error), { cause: error });
  }
}

interface Surroundings {
  readonly link: NatsLink;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

async function reconcile(settings: ReconcilerSettings, { link, signal, logger }: Surroundings): Promise<ExitCode> {
  const metrics = createReconcilerMetrics();
  const updateMetrics = metricsUpdater(metrics);
  const report = stanceLogger(logger);
  const pass = new OncePass(settings.once, logger);
  const send = (event: Event): void => loop.send(event);
  const commits = new Commits(commitsOptions(settings));
  const writer = createWriter(link);
  const lease = startLease(link, {
    id: `${hostname()}:${process.pid}`,
    durationMs: settings.lease,
    onAcquired: () => send({ kind: "lease", held: true, reason: "this reconciler writes" }),
    onLost: (reason) => send({ kind: "lease", held: false, reason }),
  });
  const performer = new Performer({
    commits,
    link,
    writer,
    lease,
    replicas: settings.replicas,
    send,
    differences(found) {
      metrics.metric.bucketDifferences.set(found.length);
      for (const difference of found)
        logger.warn({ ...difference }, "a bucket differs from the wire contract; it is used as it is");
    },
  });
  const loop = startLoop<State, Event, Effect>({
    program: {
      observe,
      decide(state, nowMs) {
        report(state);
        pass.look(state);
        return decide(state, nowMs);
      },
    },
    state: initialState({ branch: settings.branch, once: settings.once }),
    perform: (effect, stop) => performer.perform(effect, stop),
    clock: systemClock,
    logger,
  });
  const feeds = startBucketFeeds(link, {
    send,
    dropped(bucket, key) {
      metrics.metric.dropped.add(1, { bucket });
      logger.warn({ bucket, key }, "a payload cannot be used");
    },
  });
  const health = await startHealthServer({
    listen: settings.once ? "off" : settings.listen,
    health: () => healthOf(loop.state()),
    ready: () => readinessOf(loop.state()),
    metrics: () => {
      updateMetrics(loop.state());
      return metrics.text();
    },
    routes: {
      "POST /webhook": () => {
        send({ kind: "poll-wanted" });
        return { status: 202, text: "the repository is asked for news\n" };
      },
    },
  });
  logger.info({ port: health.port, branch: settings.branch }, "reconciler started");
  try {
    return await pass.ended(signal);
  } finally {
    // First nothing new is written, then the lease is handed over: the next one begins on firm ground.
    await loop.stop();
    writer.close();
    await lease.release();
    await Promise.allSettled([health.close(), commits.close(), ...feeds.map((feed) => feed.stop())]);
    logger.info("reconciler stopped");
  }
}

function commitsOptions(settings: ReconcilerSettings): ConstructorParameters<typeof Commits>[0] {
  return {
    repo: settings.repo,
    token: settings.gitToken,
    tokenFile: settings.gitTokenFile,
    caFile: settings.gitCa,
    idleMs: settings.gitTimeout,
    branch: settings.branch,
    folder: settings.path,
    pollIntervalMs: settings.pollInterval,
  };
}
