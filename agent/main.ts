/** The agent: desired state → podman → device-state. Builds the adapters and starts the loop; decides nothing. */
import { mkdir } from "node:fs/promises";
import type { z } from "zod";
import { connectNats } from "#nats/connect.ts";
import type { Feed } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { sleep, systemClock, type Clock } from "#runtime/clock.ts";
import { OutsideError } from "#runtime/errors.ts";
import { startHealthServer } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { startLoop, type Loop } from "#runtime/loop.ts";
import { createMetrics, type Metrics } from "#runtime/metrics.ts";
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import { settings, type AgentSettings } from "./config.ts";
import { decide } from "./core/decide.ts";
import type { Event } from "./core/event.ts";
import { observe } from "./core/observe.ts";
import { newState, type State } from "./core/state.ts";
import { followDesiredState } from "./desired-feed.ts";
import { openStateFolder, type StateFolder } from "./disk/state-folder.ts";
import { inventory } from "./inventory.ts";
import { METRICS } from "./metrics.ts";
import { createPerform } from "./perform.ts";
import { openPodman, podmanSocket } from "./podman/client.ts";
import { followEvents } from "./podman/events.ts";
import { createPublisher, type DeviceFacts } from "./publisher.ts";
import { restore } from "./restore.ts";

export { settings };

const CONNECT_BASE_MS = 1_000;
const CONNECT_MAX_MS = 60_000;

/** Time that never jumps: what the agent waits for must not depend on when NTP sets the clock of the device. */
const steadyClock: Clock = { ...systemClock, nowMs: () => systemClock.monotonicMs() };

/** Runs until `signal` aborts; containers run on. Gives the exit code. */
export async function run(
  given: z.output<typeof settings>,
  { signal, logger }: { signal: AbortSignal; logger: Logger; stdout?: unknown },
): Promise<0> {
  const folder = await stateFolder(given.stateDir);
  const facts: DeviceFacts = {
    device: given.deviceId,
    labels: given.labels,
    inventory: await inventory(given.stateDir),
  };
  const agent = new Agent(given, facts, { folder, logger, signal });
  await agent.run(await restore(folder, initialState(given, facts), { logger, nowMs: steadyClock.nowMs() }));
  return 0;
}

function initialState(given: AgentSettings, facts: DeviceFacts): State {
  const identity = canonicalJson({ labels: facts.labels, inventory: facts.inventory as JsonValue });
  return newState(
    {
      device: given.deviceId,
      heartbeatIntervalMs: given.heartbeatInterval,
      resyncIntervalMs: given.resyncInterval,
      stableForMs: given.stableFor,
      startLimitMs: given.startLimit,
    },
    identity,
    steadyClock.nowMs(),
  );
}

async function stateFolder(path: string): Promise<StateFolder> {
  try {
    await mkdir(path, { recursive: true });
    return await openStateFolder(path);
  } catch (cause) {
    throw new OutsideError(`cannot use the state folder ${path}`, {
      hint: "Make it writable for this user, or name another with --state-dir.",
      cause,
    });
  }
}

interface Surroundings {
  readonly folder: StateFolder;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

class Agent {
  readonly #given: AgentSettings;
  readonly #around: Surroundings;
  readonly #metrics: Metrics<keyof typeof METRICS> = createMetrics(METRICS);
  readonly #publisher;
  readonly #facts: DeviceFacts;
  #loop: Loop<State, Event> | null = null;
  #link: NatsLink | null = null;
  #feed: Feed | null = null;
  #refeeding = false;

  constructor(given: AgentSettings, facts: DeviceFacts, around: Surroundings) {
    this.#given = given;
    this.#around = around;
    this.#facts = facts;
    const { logger } = around;
    this.#publisher = createPublisher({
      facts,
      logger,
      metrics: this.#metrics,
      lossNoticed: () => void this.#refeed(),
    });
  }

  async run(state: State): Promise<void> {
    const { logger, signal, folder } = this.#around;
    const socketPath = podmanSocket(this.#given.podman, process.env, process.getuid?.() ?? 0);
    const podman = openPodman(socketPath, this.#facts.device);
    logger.info({ device: this.#facts.device, podman: socketPath, deployments: state.locals.size }, "agent starts");
    const send = (event: Event): void => this.#loop?.send(event);
    const perform = createPerform({ podman, folder, publisher: this.#publisher, logger, metrics: this.#metrics, send });
    const health = await this.#startHealthServer();
    this.#loop = startLoop({ program: { observe, decide }, state, perform, clock: steadyClock, logger });
    const events = followEvents(podman, this.#podmanHandlers(send), { signal, logger });
    const connecting = this.#connect(send);
    await aborted(signal);
    await Promise.all([this.#loop.stop(), events, connecting, this.#feed?.stop(), health.close()]);
    this.#publisher.close();
    await this.#link?.close();
    logger.info("agent stopped; containers run on");
  }

  #podmanHandlers(send: (event: Event) => void): Parameters<typeof followEvents>[1] {
    const { metric } = this.#metrics;
    return {
      opened: () => {
        metric.podmanUp.set(1);
        send({ kind: "stirred", deployment: null });
      },
      closed: () => metric.podmanUp.set(0),
      stirred: (deployment) => {
        metric.events.add();
        if (deployment !== null) send({ kind: "stirred", deployment });
        // Somebody else's container matters only while its name is in the way.
        else for (const name of this.#clashing()) send({ kind: "stirred", deployment: name });
      },
    };
  }

  #clashing(): readonly (Event & { kind: "stirred" })["deployment"][] {
    const locals = [...(this.#loop?.state().locals.values() ?? [])];
    return locals.filter(({ seen }) => (seen?.foreignNames.length ?? 0) > 0).map(({ name }) => name);
  }

  async #connect(send: (event: Event) => void): Promise<void> {
    const link = await this.#firstLink();
    if (link === null) return;
    this.#link = link;
    this.#publisher.use(link);
    const told = (connected: boolean): void => {
      this.#metrics.metric.connected.set(connected ? 1 : 0);
      send({ kind: "link", connected });
    };
    link.onStatus(told);
    told(link.connected());
    this.#startFeed(link);
  }

  /**
   * The connection, or null when the agent is to stop first. Not even credentials that cannot be read end the agent:
   * what runs on this device must come back after a power cut all the same.
   */
  async #firstLink(): Promise<NatsLink | null> {
    const { logger, signal } = this.#around;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await connectNats(this.#given.nats, { name: `gitfleet agent ${this.#facts.device}`, logger, signal });
      } catch (error) {
        if (signal.aborted) return null;
        logger.error({ err: error }, "cannot use the settings for NATS; correct them and restart the agent");
      }
      await sleep(
        CONNECT_BASE_MS / 2 + backoffMs({ attempt, baseMs: CONNECT_BASE_MS, maxMs: CONNECT_MAX_MS }, Math.random),
        signal,
      );
    }
    return null;
  }

  #startFeed(link: NatsLink): void {
    if (this.#around.signal.aborted) return;
    const send = (event: Event): void => this.#loop?.send(event);
    this.#feed = followDesiredState(link, this.#facts.device, {
      send,
      logger: this.#around.logger,
      metrics: this.#metrics,
    });
  }

  /** A bucket began anew: so did the desired state, probably, and its consumer would be missed only after minutes. */
  async #refeed(): Promise<void> {
    if (this.#refeeding || this.#link === null || this.#around.signal.aborted) return;
    this.#refeeding = true;
    this.#around.logger.info("a bucket had lost what this device wrote; the desired state is read anew");
    await this.#feed?.stop();
    this.#startFeed(this.#link);
    this.#refeeding = false;
  }

  async #startHealthServer(): Promise<{ close(): Promise<void> }> {
    const { podmanUp } = {
      podmanUp: () => [...(this.#loop?.state().locals.values() ?? [])].every(({ seen }) => seen !== null),
    };
    return await startHealthServer({
      listen: this.#given.listen,
      health: () => ({ ok: this.#loop !== null }),
      ready: () => ({ ok: podmanUp(), nats: this.#link?.connected() ?? false }),
      metrics: async () => {
        this.#countPhases();
        return await this.#metrics.text();
      },
    });
  }

  #countPhases(): void {
    const locals = [...(this.#loop?.state().locals.values() ?? [])];
    for (const phase of ["Pending", "Running", "Failed"] as const) {
      this.#metrics.metric.deployments.set(locals.filter(({ report }) => report?.phase === phase).length, { phase });
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
