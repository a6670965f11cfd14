/** The reconciler: brings what git says to NATS and keeps it there. Reads its settings, builds the adapters, starts the loop. */
import { hostname } from "node:os";
import { connectNats } from "#nats/connect.ts";
import type { FeedHold } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { createWriter } from "#nats/writer.ts";
import { isRemote, remoteAddress } from "#git/remote-address.ts";
import { systemClock } from "#runtime/clock.ts";
import { errorText, OutsideError, UsageError } from "#runtime/errors.ts";
import { startHealthServer, type Check, type HealthServerOptions } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { startLoop, type Loop } from "#runtime/loop.ts";
import { keepHeapSmall } from "#runtime/small-heap.ts";
import { startBucketFeeds } from "./bucket-feeds.ts";
import { Commits } from "./commits.ts";
import type { ReconcilerSettings } from "./config.ts";
import { decide } from "./core/decide.ts";
import type { Effect } from "./core/effect.ts";
import type { Event } from "./core/event.ts";
import { observe } from "./core/observe.ts";
import { initialState, type State } from "./core/state.ts";
import { createReconcilerMetrics, metricsUpdater, type ReconcilerMetrics } from "./metrics.ts";
import { OncePass, type ExitCode } from "./once-pass.ts";
import { Performer } from "./perform.ts";
import { healthOf, readinessOf, stanceLogger } from "./report.ts";
import { WriterLease } from "./writer-lease.ts";

export { settings } from "./config.ts";

export interface RunContext {
  /** Aborted when the process should end. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly stdout: (text: string) => void;
}

/** So many that the server always has something to do, and few enough to stop at once. */
const WRITES_IN_FLIGHT = 2_048;
/** `--once` waits at most this long for NATS. */
const ONCE_NATS_WAIT_MS = 10_000;

/** Runs until the signal (or, with `once`, until the pass is over) and gives the exit code. Throws UsageError, OutsideError. */
export async function run(settings: ReconcilerSettings, { signal, logger }: RunContext): Promise<ExitCode> {
  refuseBadSource(settings.repo);
  keepHeapSmall();
  const metrics = createReconcilerMetrics();
  const view = new View(metrics);
  // Before NATS answers: whoever watches over this process must see it wait, not believe it dead.
  const health = await startHealthServer(healthOptions(settings, view));
  try {
    const link = await connected(settings, signal, logger);
    if (link === null) return settings.once ? 3 : 0;
    try {
      logger.info({ port: health.port, branch: settings.branch }, "reconciler started");
      return await reconcile(settings, { link, signal, logger, metrics, view });
    } finally {
      await link.close();
    }
  } finally {
    await health.close();
  }
}

// Wrong usage is said before anything is started.
function refuseBadSource(repo: string): void {
  if (!isRemote(repo)) return;
  try {
    remoteAddress(repo);
  } catch (error) {
    const hint = "Forges offer an https address for every repository.";
    throw new UsageError(errorText(error), { hint, cause: error });
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
  readonly metrics: ReconcilerMetrics;
  readonly view: View;
}

async function reconcile(settings: ReconcilerSettings, world: Surroundings): Promise<ExitCode> {
  const { link, signal, logger, metrics, view } = world;
  const report = stanceLogger(logger);
  const pass = new OncePass(settings.once, logger);
  const send = (event: Event): void => loop.send(event);
  const commits = new Commits(commitsOptions(settings));
  const writer = createWriter(link, { window: WRITES_IN_FLIGHT });
  const lease = new WriterLease(link, { id: `${hostname()}:${process.pid}`, durationMs: settings.lease, send });
  const holdDesired = (): FeedHold | null => feeds.holdDesired();
  const performer = new Performer({
    commits,
    link,
    writer,
    lease,
    holdDesired,
    replicas: settings.replicas,
    send,
    differences(found) {
      metrics.metric.bucketDifferences.set(found.length);
      for (const one of found) logger.warn({ ...one }, "a bucket differs from the wire contract; it is used as it is");
    },
  });
  const loop = startLoop<State, Event, Effect>({
    program: {
      observe,
      decide(state, nowMs) {
        report(state);
        lease.look(state);
        pass.look(state);
        return decide(state, nowMs);
      },
    },
    state: initialState({ branch: settings.branch, once: settings.once }),
    perform: (effect, stop) => performer.perform(effect, stop),
    clock: systemClock,
    logger,
  });
  view.loop = loop;
  const feeds = startBucketFeeds(link, {
    send,
    dropped(bucket, key) {
      metrics.metric.dropped.add(1, { bucket });
      logger.warn({ bucket, key }, "a payload cannot be used");
    },
    known: (bucket) => loop.state().holdings.known(bucket),
  });
  try {
    return await pass.ended(signal);
  } finally {
    // First nothing new is written, then the lease is handed over: the next one begins on firm ground.
    await loop.stop();
    writer.close();
    await lease.release();
    await Promise.allSettled([commits.close(), feeds.stop()]);
    logger.info("reconciler stopped");
  }
}

/** What can be said about the process, from its first moment on. */
class View {
  loop: Loop<State, Event> | null = null;
  readonly #metrics: ReconcilerMetrics;
  readonly #update: (state: State) => void;

  constructor(metrics: ReconcilerMetrics) {
    this.#metrics = metrics;
    this.#update = metricsUpdater(metrics);
  }

  check(of: (state: State) => Check, okBefore: boolean): Check {
    return this.loop === null ? { ok: okBefore, reason: "not connected to NATS yet" } : of(this.loop.state());
  }

  async metrics(): Promise<string> {
    if (this.loop !== null) this.#update(this.loop.state());
    return this.#metrics.text();
  }

  wantPoll(): void {
    this.loop?.send({ kind: "poll-wanted" });
  }
}

function healthOptions(settings: ReconcilerSettings, view: View): HealthServerOptions {
  return {
    listen: settings.once ? "off" : settings.listen,
    health: () => view.check(healthOf, true),
    ready: () => view.check(readinessOf, false),
    metrics: () => view.metrics(),
    routes: {
      "POST /webhook": () => {
        view.wantPoll();
        return { status: 202, text: "the repository is asked for news\n" };
      },
    },
  };
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
