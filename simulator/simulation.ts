/** All simulated devices at work: their connections, their turns, and what goes wrong. */
import { ensureBuckets } from "#nats/buckets.ts";
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { serverNowMs } from "#nats/server-time.ts";
import { sleep, systemClock } from "#runtime/clock.ts";
import { BUCKETS } from "#schema/keys.ts";
import { allAre } from "./all-are.ts";
import type { SimulatorSettings } from "./config.ts";
import { HeartbeatTurns } from "./heartbeats.ts";
import { Incidents } from "./incidents.ts";
import { Observer } from "./observer.ts";
import { messageOf } from "./outgoing.ts";
import { SimulatedConnection, type DeviceRange } from "./simulated-connection.ts";
import type { Standing } from "./simulated-fleet.ts";
import type { Summary } from "./summary.ts";
import type { Tally } from "./tally.ts";
import { World, type SimulationSurroundings } from "./world.ts";

const TICK_MS = 20;
/** So many connections are opened at once: more would only time out together. */
const OPENING_MAX = 100;
const FAREWELL_MS = 3_000;
const LAST_LOOK_MS = 1_000;

/** How far it is. */
export interface SimulationProgress extends Standing {
  readonly connections: number;
  readonly connected: number;
}

/** Devices that run until they are stopped. */
export interface Simulation {
  progress(): SimulationProgress;
  /** True while every device is connected, knows all that is wanted of it, and has nothing more to say. */
  isWhole(): boolean;
  /** True while every device is told of each change as it happens, too. */
  follows(): boolean;
  /** What was done so far. */
  tally(): Readonly<Tally>;
  /** How many writes each device has sent to the bucket of states, whatever became of them. */
  stateWrites(): readonly number[];
  /** Stops the devices, within a few seconds whatever NATS does, and says what it was. */
  stop(): Promise<Summary>;
}

/** Begins to connect the devices; resolves when it is known what they said before. Throws NatsFailure. */
export async function startSimulation(
  settings: SimulatorSettings,
  surroundings: SimulationSurroundings,
): Promise<Simulation> {
  const { logger, signal } = surroundings;
  const link = await connectNats(settings.nats, { name: "gitfleet simulate", logger, signal });
  const simulation = new RunningSimulation(link, settings, surroundings);
  try {
    await ensureBuckets(link, { replicas: settings.replicas });
    await simulation.start();
    return simulation;
  } catch (error) {
    if (signal.aborted) return simulation;
    await simulation.stop();
    throw error;
  }
}

class RunningSimulation implements Simulation {
  readonly #link: NatsLink;
  readonly #world: World;
  readonly #connections: readonly SimulatedConnection[];
  readonly #allWhole: () => boolean;
  readonly #allFollow: () => boolean;
  readonly #turns: HeartbeatTurns;
  readonly #restarts: Incidents;
  readonly #cuts: Incidents;
  readonly #ended = new AbortController();
  #observer: Observer | null = null;
  #ticking: Promise<void> = Promise.resolve();

  constructor(link: NatsLink, settings: SimulatorSettings, surroundings: SimulationSurroundings) {
    this.#link = link;
    const signal = AbortSignal.any([surroundings.signal, this.#ended.signal]);
    this.#world = new World(settings, { ...surroundings, signal });
    const count = surroundings.devices.length;
    this.#connections = shares(count, settings.connections).map((range) => new SimulatedConnection(this.#world, range));
    this.#allWhole = allAre(this.#connections, (connection) => connection.isWhole());
    this.#allFollow = allAre(this.#connections, (connection) => connection.follows());
    this.#turns = new HeartbeatTurns({ devices: count, everyMs: settings.heartbeatInterval });
    const { seed, restartsPerMinute, disconnectsPerMinute } = settings;
    this.#restarts = new Incidents({ kind: "restart", perMinute: restartsPerMinute, among: count, seed });
    const among = this.#connections.length;
    this.#cuts = new Incidents({ kind: "disconnect", perMinute: disconnectsPerMinute, among, seed });
  }

  async start(): Promise<void> {
    const { signal } = this.#world;
    this.#observer = new Observer(this.#link, this.#world);
    await this.#observer.recalled();
    if (signal.aborted) return;
    this.#world.startedAtMs = await serverNowMs(this.#link, BUCKETS.desiredState, signal);
    this.#ticking = this.#tickUntilStopped();
    void this.#openAll();
  }

  progress(): SimulationProgress {
    const connected = this.#connections.filter((connection) => connection.connected()).length;
    return { ...this.#world.fleet.standing(), connections: this.#connections.length, connected };
  }

  isWhole(): boolean {
    return this.#allWhole();
  }

  follows(): boolean {
    return this.#allFollow();
  }

  tally(): Readonly<Tally> {
    return this.#world.tally;
  }

  stateWrites(): readonly number[] {
    return [...this.#world.columns.stateWrites];
  }

  async stop(): Promise<Summary> {
    this.#ended.abort();
    await this.#ticking;
    await Promise.all(this.#connections.map(async (connection) => connection.stopFollowing()));
    await Promise.all(this.#connections.map(async (connection) => connection.drain(FAREWELL_MS)));
    await this.#observer?.catchUp(LAST_LOOK_MS);
    await Promise.all(this.#connections.map(async (connection) => connection.close()));
    await this.#observer?.stop();
    await this.#link.close();
    const { fleet, tally, times } = this.#world;
    return {
      devices: fleet.devices.length,
      connections: this.#connections.length,
      deployments: fleet.deployments(),
      standing: fleet.standing(),
      tally,
      commits: times.commits(),
    };
  }

  async #openAll(): Promise<void> {
    const waiting = this.#connections.values();
    const openSome = async (): Promise<void> => {
      for (const connection of waiting) {
        if (this.#world.signal.aborted) return;
        await connection.open();
      }
    };
    await Promise.all(Array.from({ length: OPENING_MAX }, openSome)).catch((error: unknown) => {
      this.#world.failed(error);
    });
  }

  async #tickUntilStopped(): Promise<void> {
    const { signal } = this.#world;
    while (!signal.aborted) {
      this.#tick();
      await sleep(TICK_MS, signal);
    }
  }

  #tick(): void {
    const { timetable, fleet, starved } = this.#world;
    const nowMs = systemClock.nowMs();
    for (const device of this.#turns.due(systemClock.monotonicMs())) {
      this.#connectionOf(device).say(messageOf("heartbeat", device));
    }
    for (const pair of timetable.take(nowMs)) {
      const device = fleet.numberOf(fleet.nameOf(pair).device)!;
      this.#connectionOf(device).say(messageOf("state", pair));
    }
    for (const device of this.#restarts.due(nowMs)) void this.#connectionOf(device).restart(device);
    for (const index of this.#cuts.due(nowMs)) void this.#connections[index]?.cut();
    // Each in its turn: whoever waited longest is first.
    const turn = Array.from(starved);
    starved.clear();
    for (const connection of turn) connection.pump();
  }

  #connectionOf(device: number): SimulatedConnection {
    const count = this.#connections.length;
    const guess = Math.min(count - 1, Math.floor((device * count) / this.#world.devices.length));
    const { from, to } = this.#connections[guess]!.range;
    return this.#connections[device < from ? guess - 1 : device >= to ? guess + 1 : guess]!;
  }
}

/** The devices in as many parts as there are connections, of sizes that differ by one at most. */
function shares(devices: number, connections: number): DeviceRange[] {
  const count = Math.min(devices, connections);
  const end = (index: number): number => Math.floor((index * devices) / count);
  return Array.from({ length: count }, (_, index) => ({ from: end(index), to: end(index + 1) }));
}
