/** An offer: written only where the bucket does not say the same already. A marker that somebody left says nothing. */
import { readKeyDirect } from "./compare-and-set.ts";
import { isUnanswered, NatsFailure, toNatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import type { WriteResult, Writer } from "./writer.ts";
import type { BucketName } from "#schema/keys.ts";
import { saysTheSame } from "#schema/says-the-same.ts";

/**
 * `held`: the bucket says it. `lacked`: it had nothing, and now has it; `marker` where only a marker stood there.
 * `corrected`: it said something else. `unseen`: something stands there, and what it says could not be read.
 */
export type Offered =
  | { readonly kind: "held" | "corrected" | "unseen" }
  | { readonly kind: "lacked"; readonly marker: boolean }
  | (WriteResult & { readonly kind: "failed" });

/** A server that many ask at once may be late; one that never answers must not keep a device from saying what it has to say. */
const UNANSWERED_MAX = 2;
/** A look waits behind what its connection asked before it. */
const PATIENCE = { askAgainMs: 5_000, timeoutMs: 90_000 };

/** What stands under a key. */
interface Found {
  readonly revision: number;
  readonly value: Buffer | null;
}

/** Makes offers on one connection. */
export class Offerer {
  readonly #link: NatsLink;
  readonly #writer: Writer;
  /** Where this user may not read its own keys: asking again would only be refused again. */
  readonly #unreadable = new Set<BucketName>();
  /** Looks in a row that got no answer. */
  #unanswered = 0;

  constructor(link: NatsLink, writer: Writer) {
    this.#link = link;
    this.#writer = writer;
  }

  /**
   * Offers `value`. Never rejects. Looks first where it may: after a lost connection the bucket most often holds all of it,
   * and to be told so costs less than a write that is refused. What it holds instead may be long over (the device died
   * before it wrote down what it had said last), so that is written over, unless somebody else was faster.
   */
  async offer(target: { bucket: BucketName; key: string; value: string }): Promise<Offered> {
    const found = await this.#look(target.bucket, target.key);
    if (found instanceof NatsFailure) return { kind: "failed", error: found };
    const text = found?.value?.toString() ?? null;
    if (text !== null && saysTheSame(text, target.value)) return { kind: "held" };
    const result = await this.#writer.write({ ...target, expectedRevision: found?.revision ?? 0 });
    switch (result.kind) {
      case "written":
        return text === null ? { kind: "lacked", marker: found !== null } : { kind: "corrected" };
      case "conflict":
        return { kind: "unseen" };
      case "failed":
        return result;
    }
  }

  /** What stands there; null where there is nothing, or nobody can tell; a failure where to look again may help. */
  async #look(bucket: BucketName, key: string): Promise<Found | NatsFailure | null> {
    if (this.#unreadable.has(bucket)) return null;
    try {
      const state = await readKeyDirect(this.#link, bucket, key, PATIENCE);
      this.#unanswered = 0;
      if (state === null) return null;
      return { revision: state.revision, value: state.value === null ? null : Buffer.from(state.value) };
    } catch (error) {
      if (isUnanswered(error) && ++this.#unanswered < UNANSWERED_MAX) return toNatsFailure(error, `read ${key}`);
      if (this.#link.connected()) this.#unreadable.add(bucket);
      return null;
    }
  }
}
