/** Whether a feed of few keys missed anything while it was away: one question, where a consumer costs the server many times that. */
import type { BucketName } from "#schema/keys.ts";
import { lookDirect } from "./compare-and-set.ts";
import { toNatsFailure } from "./errors.ts";
import type { FeedPosition } from "./feed-position.ts";
import type { NatsLink } from "./link.ts";

/**
 * Of a bucket that is not there, no answer tells: it may appear before the question is asked again, and a replay says what
 * is wrong where it does not. Ten thousand devices that come back together to 2.9 wait for up to 12 s.
 */
const PATIENCE = { askAgainMs: 5_000, timeoutMs: 15_000 };

/** An answer that comes sooner says nothing of how busy the server is. */
const QUICK_MS = 250;
const PAUSE_PER_DELAY = 10;
const PAUSE_MAX_MS = 8_000;

/** Looks at the newest message of some keys. A user who may not look is not refused twice. */
export class NewestLook {
  readonly #link: NatsLink;
  readonly #bucket: BucketName;
  readonly #filter: string;
  #isRefused = false;

  constructor(link: NatsLink, bucket: BucketName, filter: string) {
    this.#link = link;
    this.#bucket = bucket;
    this.#filter = filter;
  }

  /**
   * How many milliseconds the answer took that nothing is newer than what was told last; null where something is, or
   * nobody can tell. A replica may not know the newest yet, so that a replay has to follow all the same.
   */
  missedNothing(position: FeedPosition, signal: AbortSignal): Promise<number | null> {
    if (!position.isComplete || this.#isRefused) return Promise.resolve(null);
    const beganMs = performance.now();
    return new Promise((resolve) =>
      lookDirect(
        this.#link,
        { bucket: this.#bucket, filter: this.#filter, ...PATIENCE, signal },
        {
          found: (newest) => resolve(position.isNewest(newest) ? performance.now() - beganMs : null),
          failed: (error) => {
            this.#isRefused = toNatsFailure(error, "look for news").advice === "person";
            resolve(null);
          },
        },
      ),
    );
  }
}

/**
 * How long to wait before a server that took so long is asked for more than one answer. It is as busy as it is slow: ten
 * thousand devices that come back together spread what is dear, and one that comes back alone waits for nothing.
 */
export function pauseAfter(tookMs: number, random: () => number): number {
  return Math.min(PAUSE_MAX_MS, Math.max(0, tookMs - QUICK_MS) * PAUSE_PER_DELAY) * (1 + random());
}
