/** The lease of the one writer, asked for only where this process could use it: another fleet's is left alone. */
import { startLease, type Lease } from "#nats/lease.ts";
import type { NatsLink } from "#nats/link.ts";
import { HEADER_FLEET } from "#schema/headers.ts";
import type { Event } from "./core/event.ts";
import { stanceOf } from "./core/stance.ts";
import type { State } from "./core/state.ts";

export interface WriterLeaseOptions {
  /** Who this is, for people. */
  readonly id: string;
  readonly durationMs: number;
  readonly send: (event: Event) => void;
}

export class WriterLease {
  readonly #link: NatsLink;
  readonly #options: WriterLeaseOptions;
  #lease: Lease | null = null;
  #releasing: Promise<void> = Promise.resolve();

  constructor(link: NatsLink, options: WriterLeaseOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** True while this process is certain to be the only writer. */
  holds(): boolean {
    return this.#lease?.holds() ?? false;
  }

  /** Called whenever the state may have changed: begins to ask for the lease, or gives it back. */
  look(state: State): void {
    const stance = stanceOf(state);
    if (stance.kind === "foreign-fleet") this.#giveBack(`the buckets belong to the fleet ${stance.name}`);
    else if (stance.kind === "pursue") this.#ask(stance.target.fleet.name);
    else if (stance.kind === "refuse") this.#ask(state.record?.fleet ?? "");
  }

  /** Hands over at once. */
  async release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    await this.#releasing;
    await lease?.release();
  }

  #ask(fleet: string): void {
    if (this.#lease !== null) return;
    const { id, durationMs, send } = this.#options;
    // What a lease that was given back says later is about another time.
    const tell = (held: boolean, reason: string): void => {
      if (this.#lease === lease) send({ kind: "lease", held, reason });
    };
    const lease = startLease(this.#link, {
      id,
      durationMs,
      headers: { [HEADER_FLEET]: fleet },
      onAcquired: () => tell(true, "this reconciler writes"),
      onLost: (reason) => tell(false, reason),
    });
    this.#lease = lease;
  }

  #giveBack(reason: string): void {
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    this.#releasing = lease.release();
    this.#options.send({ kind: "lease", held: false, reason });
  }
}
