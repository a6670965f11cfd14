/** A feed that stands still while its reader writes much itself: what would come back is known from acknowledgements. */
import type { NatsLink } from "./link.ts";

/** Ask for it with `Feed.hold`. */
export interface FeedHold {
  /** A write of the reader was acknowledged, and the reader knows now what it wrote. */
  wrote(key: string, revision: number): void;
  /** The feed goes on behind the own writes up to which nobody else wrote, and says `synced` once more. */
  release(): void;
}

/** A message that the reader wrote itself. */
export interface OwnMessage {
  readonly key: string;
  readonly seq: number;
}

/** Until it is released or the connection is lost. */
export class Held implements FeedHold {
  readonly ended: Promise<"released" | "lost">;
  readonly #end: (how: "released" | "lost") => void;
  readonly #stopStatus: () => void;
  /** All up to here is known: told by the feed, or written by its reader, without a gap for anybody else's. */
  #reachedSeq: number;
  #lastKey: string | null = null;
  #isOver = false;

  /** `reachedSeq`: the last sequence that the feed has told. */
  constructor(link: NatsLink, reachedSeq: number) {
    this.#reachedSeq = reachedSeq;
    const { promise, resolve } = Promise.withResolvers<"released" | "lost">();
    this.ended = promise;
    this.#end = resolve;
    this.#stopStatus = link.onStatus((connected) => {
      if (!connected) this.#over("lost");
    });
  }

  /** The last own message before the first gap; null where there is none. */
  get last(): OwnMessage | null {
    return this.#lastKey === null ? null : { key: this.#lastKey, seq: this.#reachedSeq };
  }

  wrote(key: string, revision: number): void {
    if (this.#isOver || revision !== this.#reachedSeq + 1) return;
    this.#reachedSeq = revision;
    this.#lastKey = key;
  }

  release(): void {
    this.#over("released");
  }

  #over(how: "released" | "lost"): void {
    this.#isOver = true;
    this.#stopStatus();
    this.#end(how);
  }
}
