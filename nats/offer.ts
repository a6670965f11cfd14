/** An offer: written only where the bucket has nothing of it. A marker that somebody left is nothing, too. */
import { readKeyDirect } from "./compare-and-set.ts";
import type { NatsLink } from "./link.ts";
import type { WriteResult, Writer } from "./writer.ts";
import type { BucketName } from "#schema/keys.ts";

/** `held`: the bucket has it. `lacked`: it had not, and now has; `marker` where only a marker stood there. */
export type Offered =
  | { readonly kind: "held" }
  | { readonly kind: "lacked"; readonly marker: boolean }
  | (WriteResult & { readonly kind: "failed" });

/** Makes offers on one connection. */
export class Offerer {
  readonly #link: NatsLink;
  readonly #writer: Writer;
  /** Where this user may not read its own keys: asking again would only be refused again. */
  readonly #unreadable = new Set<BucketName>();

  constructor(link: NatsLink, writer: Writer) {
    this.#link = link;
    this.#writer = writer;
  }

  /**
   * Offers `value`. Never rejects. Looks first where it may: after a lost connection the bucket most often holds all of it,
   * and to be told so costs less than a write that is refused.
   */
  async offer(target: { bucket: BucketName; key: string; value: string }): Promise<Offered> {
    const found = await this.#look(target.bucket, target.key);
    if (found !== null && !found.marker) return { kind: "held" };
    const expectedRevision = found?.revision ?? 0;
    return offered(await this.#writer.write({ ...target, expectedRevision }), found !== null);
  }

  /** What stands there; null where there is nothing, or nobody can tell. */
  async #look(bucket: BucketName, key: string): Promise<{ revision: number; marker: boolean } | null> {
    if (this.#unreadable.has(bucket)) return null;
    try {
      const state = await readKeyDirect(this.#link, bucket, key);
      return state === null ? null : { revision: state.revision, marker: state.value === null };
    } catch {
      if (this.#link.connected()) this.#unreadable.add(bucket);
      return null;
    }
  }
}

function offered(result: WriteResult, marker: boolean): Offered {
  switch (result.kind) {
    case "written":
      return { kind: "lacked", marker };
    case "conflict":
      return { kind: "held" };
    case "failed":
      return result;
  }
}
