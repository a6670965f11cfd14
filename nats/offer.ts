/** An offer: written only where the bucket does not say the same already. A marker that somebody left says nothing. */
import { lookDirect, type KeyState } from "./compare-and-set.ts";
import { isUnanswered, toNatsFailure, type NatsFailure } from "./errors.ts";
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

const HELD: Offered = { kind: "held" };

/** What is offered. */
interface Target {
  readonly bucket: BucketName;
  readonly key: string;
  readonly value: string;
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
  offer(target: Target): Promise<Offered> {
    const { bucket, key } = target;
    if (this.#unreadable.has(bucket)) return this.#write(target, null);
    return new Promise((resolve) =>
      lookDirect(
        this.#link,
        { bucket, filter: key, ...PATIENCE },
        {
          found: (state) => {
            this.#unanswered = 0;
            if (saysThat(state, target.value)) resolve(HELD);
            else resolve(this.#write(target, state));
          },
          failed: (error) => {
            const failure = this.#failedLook(error, target);
            if (failure === null) resolve(this.#write(target, null));
            else resolve({ kind: "failed", error: failure });
          },
        },
      ),
    );
  }

  /** Where nothing but what was found stands there still. */
  async #write(target: Target, found: KeyState | null): Promise<Offered> {
    const result = await this.#writer.write({ ...target, expectedRevision: found?.revision ?? 0 });
    switch (result.kind) {
      case "written":
        return found === null || found.value === null
          ? { kind: "lacked", marker: found !== null }
          : { kind: "corrected" };
      case "conflict":
        return { kind: "unseen" };
      case "failed":
        return result;
    }
  }

  /** A failure where to look again may help; null where nobody can tell what stands there. */
  #failedLook(error: unknown, { bucket, key }: Target): NatsFailure | null {
    if (isUnanswered(error) && ++this.#unanswered < UNANSWERED_MAX) return toNatsFailure(error, `read ${key}`);
    if (this.#link.connected()) this.#unreadable.add(bucket);
    return null;
  }
}

/** A marker says nothing. */
function saysThat(found: KeyState | null, value: string): boolean {
  if (found === null || found.value === null) return false;
  const { buffer, byteOffset, byteLength } = found.value;
  return saysTheSame(Buffer.from(buffer, byteOffset, byteLength).toString(), value);
}
