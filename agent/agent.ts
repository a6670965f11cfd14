/** One agent at work: its loop, what it hears of podman and of NATS, and what it tells of itself. */
import { systemClock, type Clock } from "#runtime/clock.ts";
import { startHealthServer } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { startLoop, type Loop } from "#runtime/loop.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { createDaemonMetrics } from "#runtime/process-metrics.ts";
import type { DeploymentName } from "#schema/names.ts";
import type { AgentSettings } from "./config.ts";
import { decide } from "./core/decide.ts";
import type { Event } from "./core/event.ts";
import { observe } from "./core/observe.ts";
import { hasRival } from "./core/observe-reports.ts";
import type { Local, State } from "./core/state.ts";
import type { StateFolder } from "./disk/state-folder.ts";
import { FleetLink } from "./fleet-link.ts";
import { METRICS } from "./metrics.ts";
import { createPerform } from "./perform.ts";
import { openPodman, podmanSocket } from "./podman/client.ts";
import { followEvents } from "./podman/events.ts";
import { createPublisher, type DeviceFacts } from "./publisher.ts";

/** Time that never jumps: what the agent waits for must not depend on when NTP sets the clock of the device. */
export const steadyClock: Clock = { ...systemClock, nowMs: () => systemClock.monotonicMs() };

/** What an agent is given beside its settings. */
export interface Surroundings {
  readonly folder: StateFolder;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Builds the adapters, starts the loop, and ends all of it with `signal`. */
export class Agent {
  readonly #given: AgentSettings;
  readonly #around: Surroundings;
  readonly #facts: DeviceFacts;
  readonly #metrics: Metrics<keyof typeof METRICS> = createDaemonMetrics(METRICS);
  #loop: Loop<State, Event> | null = null;
  #fleet: FleetLink | null = null;
  #podmanUp = false;

  constructor(given: AgentSettings, facts: DeviceFacts, around: Surroundings) {
    this.#given = given;
    this.#around = around;
    this.#facts = facts;
  }

  /** Runs until the signal; containers run on. */
  async run(state: State): Promise<void> {
    const { logger, signal, folder } = this.#around;
    const { device } = this.#facts;
    const metrics = this.#metrics;
    const socketPath = podmanSocket(this.#given.podman, process.env, process.getuid?.() ?? 0);
    const podman = openPodman(socketPath, device);
    logger.info({ device, podman: socketPath, deployments: state.locals.size }, "agent starts");
    const send = (event: Event): void => this.#loop?.send(event);
    const lossNoticed = (): void => void this.#fleet?.refeed();
    const publisher = createPublisher({ facts: this.#facts, logger, metrics, lossNoticed });
    const perform = createPerform({ podman, folder, publisher, logger, metrics, send });
    const health = await this.#startHealthServer();
    const loop = startLoop({ program: { observe, decide }, state, perform, clock: steadyClock, logger });
    this.#loop = loop;
    const events = followEvents(podman, this.#podmanHandlers(send), { signal, logger });
    const linked = publisher.use;
    const fleet = new FleetLink({ device, nats: this.#given.nats, logger, metrics, signal, send, linked });
    this.#fleet = fleet;
    await aborted(signal);
    await Promise.all([loop.stop(), events, fleet.stop(), health.close()]);
    publisher.close();
    await fleet.close();
    logger.info("agent stopped; containers run on");
  }

  #podmanHandlers(send: (event: Event) => void): Parameters<typeof followEvents>[1] {
    const { metric } = this.#metrics;
    return {
      opened: () => {
        this.#setPodmanUp(true);
        send({ kind: "stirred", deployment: null });
      },
      closed: () => this.#setPodmanUp(false),
      stirred: (deployment) => {
        metric.events.add();
        if (deployment !== null) send({ kind: "stirred", deployment });
        // Somebody else's container matters only while its name is in the way.
        else for (const name of this.#clashing()) send({ kind: "stirred", deployment: name });
      },
    };
  }

  #setPodmanUp(up: boolean): void {
    this.#podmanUp = up;
    this.#metrics.metric.podmanUp.set(up ? 1 : 0);
  }

  #locals(): Local[] {
    return [...(this.#loop?.state().locals.values() ?? [])];
  }

  #clashing(): DeploymentName[] {
    return this.#locals()
      .filter(({ seen }) => (seen?.foreignNames.length ?? 0) > 0)
      .map(({ name }) => name);
  }

  async #startHealthServer(): Promise<{ close(): Promise<void> }> {
    return await startHealthServer({
      listen: this.#given.listen,
      health: () => ({ ok: this.#loop !== null }),
      // Without NATS a device does its work all the same: that is told, but does not make it unready.
      ready: () => ({
        ok: this.#podmanUp && this.#locals().every(({ seen }) => seen !== null),
        podman: this.#podmanUp,
        nats: this.#fleet?.connected() ?? false,
      }),
      metrics: async () => {
        this.#setGauges();
        return await this.#metrics.text();
      },
    });
  }

  #setGauges(): void {
    const state = this.#loop?.state();
    this.#metrics.metric.rival.set(state !== undefined && hasRival(state) ? 1 : 0);
    const reports = this.#locals().map(({ report }) => report?.phase);
    for (const phase of ["Pending", "Running", "Failed"] as const)
      this.#metrics.metric.deployments.set(reports.filter((one) => one === phase).length, { phase });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
