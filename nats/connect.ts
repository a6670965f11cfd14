/** Connects to NATS and stays connected: retries for ever, with jitter. */
import type { Logger } from "#runtime/logger.ts";
import type { NatsLink } from "./link.ts";
import type { NatsOptions } from "./options.ts";
export type { NatsLink, PermissionRefusal } from "./link.ts";

/** How to connect. */
export interface ConnectOptions {
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  /** Bounds the first connect; keeps trying when left out. */
  readonly waitMs?: number;
  /** Ends a first connect that is still under way. */
  readonly signal?: AbortSignal;
  /** How often an idle connection is probed; 20 s when left out. */
  readonly pingIntervalMs?: number;
  /** The longest pause between two tries; 5 s when left out. */
  readonly reconnectMaxMs?: number;
}

/** Throws NatsFailure (naming the servers and what to check) where the first connect does not come about. */
export declare function connectNats(options: NatsOptions, how: ConnectOptions): Promise<NatsLink>;
