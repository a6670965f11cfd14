/** The changes of a bucket, each once and in order, through cuts, restarts and re-creation of the bucket. */
import { backoffMs } from "#runtime/backoff.ts";
import { coarseMs, sleep } from "#runtime/clock.ts";
import type { BucketName } from "#schema/keys.ts";
import { toNatsFailure } from "./errors.ts";
import type { FeedChange } from "./feed-change.ts";
import { memoryOf, type FeedMemory, type RememberingReader } from "./feed-memory.ts";
import { Held, type FeedHold } from "./feed-hold.ts";
import { FeedPosition } from "./feed-position.ts";
import { runSession } from "./feed-session.ts";
import type { NatsLink } from "./link.ts";
import { NewestLook, pauseAfter } from "./newest-look.ts";
import { isKeyFilter, WHOLE } from "./subjects.ts";
export type { FeedChange } from "./feed-change.ts";
export type { FeedHold } from "./feed-hold.ts";
export type { FeedMemory, RememberingReader } from "./feed-memory.ts";

/** How soon a lost consumer is noticed: two to three of these. */
const IDLE_HEARTBEAT_MS = 1_000;
/** Devices are many, and many are paid by the byte. */
const RESTRICTED_IDLE_HEARTBEAT_MS = 60_000;
/** A consumer that lived longer did its work: the next one begins at once. */
const SHORT_SESSION_MS = 2_000;
const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 2_000;
const RESTRICTED_RETRY_MAX_MS = 10_000;

/** Who is told; the calls are synchronous and must not throw. */
export interface FeedHandlers {
  change(change: FeedChange): void;
  /** Everything that was in the bucket has been delivered (also when it is empty). */
  synced(): void;
  /** No longer true: disconnected, bucket gone, replay under way. `reason` is for logs. */
  unsynced(reason: string): void;
}

/** What to follow and how. */
export interface FeedOptions {
  readonly bucket: BucketName;
  /** Which keys, such as `kiosk-0001.>`; all when left out. */
  readonly filter?: string;
  /** How often the server says that it is there when nothing changes; twice this without a word means that it is not. */
  readonly idleHeartbeatMs?: number;
  /** For devices, which may not ask about the stream: their few keys are replayed at every (re)connect. */
  readonly restricted?: boolean;
  /** The server leaves out the values: every put has an empty one. */
  readonly keysOnly?: boolean;
  /** How often the number of keys is compared with the server's, to notice a purge that left no marker; 3 s when left out. */
  readonly auditMs?: number;
  /** Where the reader knows what the bucket holds, the feed need not remember each key, too. */
  readonly remembers?: RememberingReader;
  /** Where the reader notes the time of each key anyway, it is the feed's memory itself. */
  readonly memory?: FeedMemory | undefined;
}

/** A running feed. */
export interface Feed {
  /** True while everything in the bucket has been delivered and the server is in touch. */
  synced(): boolean;
  /**
   * True while a change is told as it happens. A restricted feed that comes back to a busy server is synced before that: it
   * has asked and missed nothing, and hears of what changes then some seconds later.
   */
  follows(): boolean;
  /**
   * Tells nothing more until the hold is released; what changes meanwhile is told then. Null where it has not caught up.
   * A lost connection ends the hold by itself: `unsynced` says so. For remembering readers only.
   */
  hold(): FeedHold | null;
  stop(): Promise<void>;
}

/** Follows a bucket until `stop`; waits for it where it does not exist yet. Throws where the filter is not one. */
export function startFeed(link: NatsLink, options: FeedOptions, handlers: FeedHandlers): Feed {
  if (options.filter !== undefined && !isKeyFilter(options.filter)) {
    throw new Error(`"${options.filter}" names no keys; write a key, or use * and > as whole tokens`);
  }
  const runner = new FeedRunner(link, options, handlers);
  const ended = runner.run();
  return {
    synced: () => runner.synced(),
    follows: () => runner.follows(),
    hold: () => runner.hold(),
    stop: () => {
      runner.stop();
      return ended;
    },
  };
}

class FeedRunner {
  readonly #link: NatsLink;
  readonly #options: FeedOptions;
  readonly #handlers: FeedHandlers;
  readonly #position: FeedPosition;
  readonly #newest: NewestLook;
  readonly #stopped = new AbortController();
  /** Ends the session that runs. */
  #endSession = new AbortController();
  #held: Held | null = null;
  /** After a hold: the reader still counts on what it knows, and is told when that is everything again. */
  #catchingUp = false;
  #synced = false;
  #follows = false;
  #told = "";
  /** Ends the rest that the feed takes. */
  #wake: (() => void) | null = null;

  constructor(link: NatsLink, options: FeedOptions, handlers: FeedHandlers) {
    this.#link = link;
    this.#options = options;
    this.#handlers = handlers;
    this.#position = new FeedPosition(options.memory ?? memoryOf(this.#reader()));
    this.#newest = new NewestLook(link, options.bucket, options.filter ?? WHOLE);
  }

  /** What it knows is not true any more when it has to forget it. */
  #reader(): RememberingReader | undefined {
    const reader = this.#options.remembers;
    if (reader === undefined) return undefined;
    return {
      counts: () => reader.counts(),
      forget: () => {
        if (this.#synced) this.#tell("the bucket is read anew");
        reader.forget();
      },
    };
  }

  synced(): boolean {
    return this.#synced && !this.#catchingUp && this.#held === null && this.#link.connected();
  }

  follows(): boolean {
    return this.#follows && this.synced();
  }

  hold(): FeedHold | null {
    if (!this.synced() || this.#options.remembers === undefined) return null;
    const held = new Held(this.#link, this.#position.reachedSeq);
    this.#held = held;
    this.#endSession.abort();
    return held;
  }

  stop(): void {
    this.#stopped.abort();
    this.#endSession.abort();
    this.#held?.release();
    this.#wake?.();
  }

  async run(): Promise<void> {
    const stopListening = this.#link.onStatus(() => this.#wake?.());
    await this.#runUntilStopped();
    stopListening();
  }

  async #runUntilStopped(): Promise<void> {
    const { signal } = this.#stopped;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      while (!this.#link.connected() && !signal.aborted) await this.#rest();
      if (signal.aborted) return;
      this.#follows = false;
      if (this.#options.restricted === true && !(await this.#returned())) continue;
      const beganMs = performance.now();
      const reason = await this.#session();
      if (this.#held === null) this.#tell(reason);
      else {
        await this.#standStill(this.#held);
        attempt = -1;
        continue;
      }
      if (performance.now() - beganMs > SHORT_SESSION_MS) attempt = 0;
      await this.#pause(attempt);
    }
  }

  /** Waits until the hold ends; then all that it knows of is behind us, and there is something to catch up with. */
  async #standStill(held: Held): Promise<void> {
    const isLost = (await held.ended) === "lost";
    this.#held = null;
    if (held.last !== null) this.#position.skip(held.last);
    if (isLost) this.#tell("disconnected");
    else this.#catchingUp = true;
  }

  /**
   * A device that comes back and has missed nothing knows that first, and leaves the server to those who have. False where
   * it was lost again or stopped meanwhile.
   */
  async #returned(): Promise<boolean> {
    const { signal } = this.#stopped;
    const tookMs = await this.#newest.missedNothing(this.#position, signal);
    if (tookMs === null) return !signal.aborted;
    this.#caughtUp();
    const pauseMs = pauseAfter(tookMs, Math.random);
    // Whoever heard that it has caught up may have stopped it.
    if (pauseMs > 0 && this.#link.connected() && !signal.aborted) await this.#rest(pauseMs);
    if (this.#link.connected() && !signal.aborted) return true;
    this.#tell("disconnected");
    return false;
  }

  /** Resolves after so long, or as soon as the connection comes or goes, or the feed is stopped. */
  #rest(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(wake, coarseMs(ms));
      this.#wake = wake;
    });
  }

  /** One consumer from its creation to its loss; resolves with the reason. */
  async #session(): Promise<string> {
    if (this.#endSession.signal.aborted) this.#endSession = new AbortController();
    const { bucket, filter = WHOLE, restricted = false, keysOnly = false } = this.#options;
    const heartbeatMs = restricted ? RESTRICTED_IDLE_HEARTBEAT_MS : IDLE_HEARTBEAT_MS;
    try {
      return await runSession(this.#link, {
        bucket,
        filter,
        restricted,
        keysOnly,
        idleHeartbeatMs: this.#options.idleHeartbeatMs ?? heartbeatMs,
        auditMs: this.#options.auditMs,
        position: this.#position,
        signal: this.#endSession.signal,
        isHeld: () => this.#held !== null,
        change: (change) => this.#change(change),
        caughtUp: () => {
          this.#caughtUp();
          this.#follows = true;
        },
      });
    } catch (error) {
      return toNatsFailure(error, `follow the bucket ${bucket}`).message;
    }
  }

  #change(change: FeedChange): void {
    try {
      this.#handlers.change(change);
    } catch (error) {
      this.#link.logger.error({ err: error, key: change.key }, "a reader of a bucket failed; this is a bug");
    }
  }

  #caughtUp(): void {
    if (this.#synced && !this.#catchingUp) return;
    this.#synced = true;
    this.#catchingUp = false;
    this.#told = "";
    this.#handlers.synced();
  }

  #tell(reason: string): void {
    const news = this.#synced || reason !== this.#told;
    this.#synced = false;
    this.#catchingUp = false;
    if (!news || this.#stopped.signal.aborted) return;
    this.#told = reason;
    this.#handlers.unsynced(reason);
  }

  async #pause(attempt: number): Promise<void> {
    // A first loss is most often cured by a new consumer; only what fails again is worth waiting for.
    if (attempt === 0 || !this.#link.connected()) return;
    const maxMs = this.#options.restricted === true ? RESTRICTED_RETRY_MAX_MS : RETRY_MAX_MS;
    await sleep(backoffMs({ attempt: attempt - 1, baseMs: RETRY_BASE_MS, maxMs }, upperHalf), this.#stopped.signal);
  }
}

/** Chance that never gives a pause near nothing. */
function upperHalf(): number {
  return 0.5 + Math.random() / 2;
}
