/** What the bucket of states holds about simulated devices: what was there before them, and when the server stores what they say. */
import { startFeed, type Feed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { sleep } from "#runtime/clock.ts";
import { BUCKETS, parseStateKey, type DevicePair } from "#schema/keys.ts";
import { deploymentStateSchema, type DeploymentState } from "#schema/wire.ts";
import { NO_AUDIT_MS, NoMemory } from "./no-memory.ts";
import type { World } from "./world.ts";

const POLL_MS = 10;

/** Follows the states of the whole fleet, on one connection for all devices: agents do not do that, whoever measures them does. */
export class Observer {
  readonly #world: World;
  readonly #feed: Feed;
  readonly #caughtUp = Promise.withResolvers<void>();
  #before = true;
  #revision = 0;

  constructor(link: NatsLink, world: World) {
    this.#world = world;
    this.#feed = startFeed(
      link,
      { bucket: BUCKETS.deviceState, memory: new NoMemory(), auditMs: NO_AUDIT_MS },
      { change: (change) => this.#changed(change), synced: () => this.#caughtUp.resolve(), unsynced: () => {} },
    );
    world.signal.addEventListener("abort", () => this.#caughtUp.resolve(), { once: true });
  }

  /** Resolves when what was there is known: devices recall it as if they had written it down. */
  async recalled(): Promise<void> {
    await this.#caughtUp.promise;
    this.#before = false;
  }

  /** Waits until it has seen the last state that was acknowledged, but not longer than the limit. */
  async catchUp(limitMs: number): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (this.#revision < this.#world.lastStateRevision && performance.now() < deadlineMs) await sleep(POLL_MS);
  }

  async stop(): Promise<void> {
    await this.#feed.stop();
  }

  #changed(change: FeedChange): void {
    if (change.kind === "absent") return;
    this.#revision = change.revision;
    if (change.kind !== "put") return;
    const { fleet } = this.#world;
    const name = fleet.numberOf(change.key.split(".", 2)[1] ?? "") === undefined ? null : parseStateKey(change.key);
    if (name === null) return;
    const state = stateOf(change.value);
    if (state === null) return;
    if (this.#before) fleet.recall(name, state);
    else this.#stored(name, state, change.atMs);
  }

  #stored(name: DevicePair, state: DeploymentState, atMs: number): void {
    const { fleet, times } = this.#world;
    const pair = fleet.find(name);
    if (pair === undefined || fleet.wantedDigest(pair) !== state.desired_digest) return;
    times.stored(pair, atMs, state.phase !== "Pending");
  }
}

function stateOf(value: Uint8Array): DeploymentState | null {
  try {
    return deploymentStateSchema.safeParse(JSON.parse(new TextDecoder().decode(value))).data ?? null;
  } catch {
    return null;
  }
}
