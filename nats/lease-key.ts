/** The lease's key in NATS: written by compare-and-set, judged by the server's clock, left with a marker. */
import { BUCKETS, RECONCILER_LEASE_KEY } from "#schema/keys.ts";
import { deleteIf, putIf, readKey, type KeyState, type PutOptions } from "./compare-and-set.ts";
import type { ForeignLease } from "./lease-sight.ts";
import { leaseText, OVER_SHARE, parseLease } from "./lease-value.ts";
import type { NatsLink } from "./link.ts";
import type { WriteResult } from "./publish-answer.ts";
import { serverNowMs } from "./server-time.ts";

/** A process that shuts down has ten seconds for everything. */
const RELEASE_WITHIN_MS = 1_000;

/** Who writes the key, and what it says. */
export interface LeaseKeyOptions {
  readonly id: string;
  readonly token: string;
  readonly durationMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The key as one process uses it. */
export class LeaseKey {
  readonly #link: NatsLink;
  readonly #options: LeaseKeyOptions;

  constructor(link: NatsLink, options: LeaseKeyOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Takes or renews the lease where nobody wrote since this revision. */
  write(expectedRevision: number): Promise<WriteResult> {
    const { id, token, durationMs } = this.#options;
    const text = leaseText({ holder: id, token, duration_ms: durationMs });
    return putIf(this.#link, text, this.#put(expectedRevision, durationMs / 2));
  }

  /** Leaves a marker, which whoever stands by sees at once. Where this fails the lease runs out by itself. */
  async handOver(expectedRevision: number): Promise<void> {
    const first = await this.#remove(expectedRevision);
    if (first.kind !== "conflict") return;
    // Our last renewal may have arrived although its acknowledgement did not.
    const now = await this.readOurs().catch(() => null);
    if (now !== null) await this.#remove(now.revision);
  }

  /** What the key holds, where it is a lease of this process. Throws NatsFailure. */
  async readOurs(): Promise<KeyState | null> {
    const signal = AbortSignal.timeout(RELEASE_WITHIN_MS);
    const now = await readKey(this.#link, BUCKETS.fleet, RECONCILER_LEASE_KEY, signal);
    if (now === null || now.value === null) return null;
    return parseLease(now.value, this.#options.durationMs).token === this.#options.token ? now : null;
  }

  /** For how many milliseconds a lease is still good, by the server's clock: the only judge. Throws NatsFailure. */
  async leftMs(foreign: ForeignLease | null, signal: AbortSignal): Promise<number> {
    if (foreign === null) return 0;
    return foreign.atMs + foreign.durationMs * OVER_SHARE - (await serverNowMs(this.#link, BUCKETS.fleet, signal));
  }

  #remove(expectedRevision: number): Promise<WriteResult> {
    return deleteIf(this.#link, this.#put(expectedRevision, RELEASE_WITHIN_MS));
  }

  #put(expectedRevision: number, timeoutMs: number): PutOptions {
    const { headers } = this.#options;
    return {
      bucket: BUCKETS.fleet,
      key: RECONCILER_LEASE_KEY,
      expectedRevision,
      timeoutMs,
      ...(headers === undefined ? {} : { headers }),
    };
  }
}
