/** A feed that remembers nothing: what it told is known to the fleet, and telling it twice does no harm. */
import type { FeedMemory } from "#nats/feed-memory.ts";

/** Never, for a timer: only markers take a deployment away, so nobody has to notice keys that left none. */
export const NO_AUDIT_MS = 2 ** 31 - 1;

/** For one feed. */
export class NoMemory implements FeedMemory {
  readonly size = 0;
  readonly puts = 0;
  replaying = false;

  beginReplay(): void {
    this.replaying = true;
  }

  observe(): boolean {
    return true;
  }

  endReplay(): string[] {
    this.replaying = false;
    return [];
  }
}
