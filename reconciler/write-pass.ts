/** One pass of writes on its way to NATS: pulled from the core, told back to it in lots. */
import type { FeedHold } from "#nats/feed.ts";
import type { WriteResult, WriteSource, Write as NatsWrite } from "#nats/writer.ts";
import { errorText } from "#runtime/errors.ts";
import { HEADER_COMMIT, HEADER_DIGEST, HEADER_FLEET } from "#schema/headers.ts";
import { BUCKETS } from "#schema/keys.ts";
import type { RenderedValue } from "#fleet/rendered-score.ts";
import type { Effect } from "./core/effect.ts";
import type { Event, Written } from "./core/event.ts";
import type { Write } from "./core/write.ts";

type WriteEffect = Extract<Effect, { kind: "write" }>;
/** What was sent, and what it was sent for. */
type Sent = NatsWrite & { readonly meant: Write };

export interface WritePassOptions {
  /** True while this process may write: asked right before each write. */
  readonly mayWrite: () => boolean;
  readonly send: (event: Event) => void;
  /** The feed of the bucket, where it stands still meanwhile. */
  readonly hold: FeedHold | null;
}

/** Acknowledgements are told in lots of at most so many. */
const LOT_MAX = 500;

export class WritePass implements WriteSource {
  /** Keys that somebody else wrote meanwhile. */
  readonly conflicts: string[] = [];
  failed = 0;
  message = "";
  readonly #effect: WriteEffect;
  readonly #options: WritePassOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #lot: Written[] = [];
  #unanswered = 0;
  #whenAnswered: () => void = () => {};
  /** The last value, encoded: most have the same one as the write before. */
  #last: RenderedValue | null = null;
  #lastBytes: Uint8Array = new Uint8Array();
  #lastHeaders: Readonly<Record<string, string>> = {};

  constructor(effect: WriteEffect, options: WritePassOptions) {
    this.#effect = effect;
    this.#options = options;
    this.#headers = { [HEADER_COMMIT]: effect.commit, [HEADER_FLEET]: effect.fleet };
  }

  next(): Sent | null {
    if (this.#isSpoilt()) return null;
    const meant = this.#effect.row.next();
    if (meant === null) return null;
    // Asked right before each write: after a freeze another one may be the writer.
    if (!this.#options.mayWrite()) {
      this.fail("another reconciler took over");
      return null;
    }
    this.#unanswered += 1;
    return this.#sent(meant);
  }

  written({ meant }: Sent, revision: number): void {
    this.note({ write: meant, revision });
    this.#answered();
  }

  refused({ key }: Sent, result: Exclude<WriteResult, { kind: "written" }>): void {
    if (result.kind === "conflict") this.conflicts.push(key);
    else this.fail(errorText(result.error));
    this.#answered();
  }

  /** Something is done that the core has to know. */
  note(written: Written): void {
    if (this.#lot.length === 0) setImmediate(() => this.tell());
    this.#lot.push(written);
    if (this.#lot.length >= LOT_MAX) this.tell();
  }

  fail(message: string): void {
    this.failed += 1;
    this.message = message;
  }

  /** Tells the core what is done so far, and then the feed: what the core does not know must not be skipped. */
  tell(): void {
    if (this.#lot.length === 0) return;
    const written = this.#lot;
    this.#lot = [];
    const { fleet, epoch } = this.#effect;
    this.#options.send({ kind: "written", fleet, epoch, written });
    const { hold } = this.#options;
    if (hold !== null) for (const { write, revision } of written) hold.wrote(write.key, revision);
  }

  /** Resolves when every write is answered and told. */
  async answered(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>((resolve) => (this.#whenAnswered = resolve));
    this.tell();
  }

  // A failure may be one of many, and somebody else's write has to be looked at: the feed must not stand still for long.
  #isSpoilt(): boolean {
    return this.failed > 0 || (this.#options.hold !== null && this.conflicts.length > 0);
  }

  #answered(): void {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#whenAnswered();
  }

  #sent(meant: Write): Sent {
    const { key, expectedRevision } = meant;
    const bucket = BUCKETS.desiredState;
    if (meant.kind !== "put") return { bucket, key, expectedRevision, meant, kind: "delete", headers: this.#headers };
    if (meant.value !== this.#last) {
      this.#last = meant.value;
      // Of a pool, which a TextEncoder has not: memory of its own for each value costs more than what is encoded.
      this.#lastBytes = Buffer.from(meant.value.text);
      this.#lastHeaders = { ...this.#headers, [HEADER_DIGEST]: meant.value.digest };
    }
    return { bucket, key, expectedRevision, meant, value: this.#lastBytes, headers: this.#lastHeaders };
  }
}
