/** What all simulated devices did together, as plain counts. */
import type { Phase } from "#schema/wire.ts";

/** Counts that only grow. */
export class Tally {
  /** Messages that were sent, offers and repetitions included. */
  messages = 0;
  /** States that the bucket took, by phase; `deleted` where a state was taken back. */
  readonly states: Record<Phase | "deleted", number> = { Pending: 0, Running: 0, Failed: 0, deleted: 0 };
  /** Offers of states that the bucket held already. */
  held = 0;
  heartbeats = 0;
  restarts = 0;
  cuts = 0;
  /** Writes that did not arrive and were tried again. */
  retried = 0;
  /** Writes that NATS refuses for good. */
  refused = 0;
}
