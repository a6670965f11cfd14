/** Who may write: one holder at a time, by compare-and-set on one key and the server's clock alone. */
import type { Clock } from "#runtime/clock.ts";
import type { NatsLink } from "./link.ts";

/** How a lease is held. */
export interface LeaseOptions {
  /** Who this is, for people: host and process. */
  readonly id: string;
  /** How long a lease lasts without renewal; 3,000 when left out. */
  readonly durationMs?: number;
  /** Headers on every message, such as `Gitfleet-Fleet`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  onAcquired(): void;
  /** No longer the holder; `reason` is for logs. */
  onLost(reason: string): void;
}

/** A try to hold the lease, for as long as it runs. */
export interface Lease {
  /** True while this process is certain to be the only holder. Ask right before every write: it is right at once after a freeze. */
  holds(): boolean;
  /** Who holds it, as far as is known here; null where nobody does. */
  holder(): string | null;
  /** Stops; hands over at once where it is the holder. */
  release(): Promise<void>;
}

export declare function startLease(link: NatsLink, options: LeaseOptions): Lease;
