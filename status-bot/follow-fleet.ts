/** Follows what NATS says and keeps the picture of the fleet, telling the loop now and then that it changed. */
import type { LiveFleet } from "#fleet/live-fleet.ts";
import type { NatsLink } from "#nats/connect.ts";
import { startFeed, type Feed } from "#nats/feed.ts";
import { serverNowMs } from "#nats/server-time.ts";
import { sleep, type Clock } from "#runtime/clock.ts";
import { RECONCILER_RECORD_KEY, type BucketName } from "#schema/keys.ts";

export interface FollowOptions {
  readonly link: NatsLink;
  readonly view: LiveFleet;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when the picture changed, and when it became whole or ceased to be: at most once in CHANGED_EVERY_MS. */
  readonly changed: (isWhole: boolean) => void;
}

/** The buckets this is folded from. */
export const FOLLOWED: readonly BucketName[] = ["desired-state", "device-state", "device-heartbeat", "fleet"];
/** Many devices report at once: they are looked at together. */
export const CHANGED_EVERY_MS = 200;
/** How often it is asked who fell silent. */
const JUDGE_EVERY_MS = 1_000;
/** The server's clock is compared again after this long. */
const CLOCK_EVERY_MS = 600_000;

/** Follows until the signal aborts. */
export async function followFleet(options: FollowOptions): Promise<void> {
  const following = new Following(options);
  try {
    await following.run();
  } finally {
    await following.stop();
  }
}

class Following {
  readonly #options: FollowOptions;
  readonly #unsynced = new Set<BucketName>(FOLLOWED);
  readonly #feeds: Feed[] = [];
  #told = { version: -1, isWhole: false };
  #offsetMs: number | null = null;
  #offsetAtMs = 0;
  /** Since when the heartbeats have been seen without a gap, by the monotonic clock; null while they are not. */
  #heartbeatsSinceMs: number | null = null;
  /** Whether heartbeats may be missing that devices meant to write; null until that is known. */
  #wasCut: boolean | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    for (const bucket of FOLLOWED) this.#feeds.push(this.#follow(bucket));
    for (let nextJudgeMs = 0; !signal.aborted; await sleep(CHANGED_EVERY_MS, signal, clock)) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= nextJudgeMs) {
        nextJudgeMs = nowMs + JUDGE_EVERY_MS;
        await this.#judge(nowMs);
      }
      this.#tell();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
  }

  #follow(bucket: BucketName): Feed {
    const { link, view, clock } = this.#options;
    const filter = bucket === "fleet" ? { filter: RECONCILER_RECORD_KEY } : {};
    return startFeed(
      link,
      { bucket, ...filter, memory: view.memoryOf(bucket) },
      {
        change: (change) => view.apply(bucket, change),
        synced: () => {
          this.#unsynced.delete(bucket);
          if (bucket === "device-heartbeat") this.#heartbeatsSinceMs ??= clock.monotonicMs();
        },
        unsynced: () => {
          this.#unsynced.add(bucket);
          if (bucket !== "device-heartbeat" || this.#heartbeatsSinceMs === null) return;
          this.#heartbeatsSinceMs = null;
          this.#wasCut = true;
        },
      },
    );
  }

  // Nobody becomes offline while we are cut off, nor for one such period after. When we come, the server's own times say
  // who has been silent; where nobody at all was heard, it was the server that could not be reached.
  async #judge(nowMs: number): Promise<void> {
    const { view, clock } = this.#options;
    if (this.#heartbeatsSinceMs === null) return;
    if (this.#offsetMs === null || nowMs - this.#offsetAtMs > CLOCK_EVERY_MS) await this.#compareClocks(nowMs);
    if (this.#offsetMs === null) return;
    const atMs = clock.nowMs() + this.#offsetMs;
    this.#wasCut ??= atMs - (view.lastHeardAtMs() ?? atMs) > view.offlineAfterMs();
    const isFresh = nowMs - this.#heartbeatsSinceMs < view.offlineAfterMs();
    view.judgeOffline(atMs, { keep: this.#wasCut && isFresh });
  }

  async #compareClocks(nowMs: number): Promise<void> {
    const { link, clock } = this.#options;
    try {
      const askedAtMs = clock.nowMs();
      const serverMs = await serverNowMs(link, "device-heartbeat", this.#options.signal);
      this.#offsetMs = serverMs - (askedAtMs + clock.nowMs()) / 2;
      this.#offsetAtMs = nowMs;
    } catch {
      // Asked again at the next look; until then nobody is judged anew.
    }
  }

  #tell(): void {
    const { view, changed } = this.#options;
    const isWhole = this.#unsynced.size === 0 && this.#offsetMs !== null;
    if (view.version === this.#told.version && isWhole === this.#told.isWhole) return;
    this.#told = { version: view.version, isWhole };
    changed(isWhole);
  }
}
