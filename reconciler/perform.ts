/** Effect → the world. Whatever goes wrong comes back as an event. */
import { setImmediate } from "node:timers/promises";
import { ensureBuckets, type BucketDifference } from "#nats/buckets.ts";
import { putIf, readKey } from "#nats/compare-and-set.ts";
import type { NatsLink } from "#nats/link.ts";
import type { FeedHold } from "#nats/feed.ts";
import { purgeKey } from "#nats/purge.ts";
import type { Writer } from "#nats/writer.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { errorText } from "#runtime/errors.ts";
import { HEADER_FLEET } from "#schema/headers.ts";
import { BUCKETS, RECONCILER_RECORD_KEY } from "#schema/keys.ts";
import type { Commits } from "./commits.ts";
import type { Effect } from "./core/effect.ts";
import type { Event, KeyChange } from "./core/event.ts";
import { recordText } from "./core/record.ts";
import type { Write } from "./core/write.ts";
import { ValueReader } from "./value-reader.ts";
import { WritePass } from "./write-pass.ts";

export interface Adapters {
  readonly commits: Commits;
  readonly link: NatsLink;
  readonly writer: Writer;
  readonly lease: { holds: () => boolean };
  /** Lets the feed of `desired-state` stand still; null where it cannot now. */
  readonly holdDesired: () => FeedHold | null;
  readonly replicas: number;
  readonly send: (event: Event) => void;
  /** Buckets that exist and are not as this version would make them. */
  readonly differences: (found: readonly BucketDifference[]) => void;
}

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 5_000;
/** Markers are taken away by a request each. */
const UNMARKS_AT_ONCE = 64;

export class Performer {
  readonly #world: Adapters;
  #failures = 0;

  constructor(world: Adapters) {
    this.#world = world;
  }

  async perform(effect: Effect, signal: AbortSignal): Promise<Event | readonly Event[] | null> {
    const { commits, send } = this.#world;
    switch (effect.kind) {
      case "poll":
        send({ kind: "poll-started" });
        return commits.poll(signal);
      case "read-commit":
        return commits.read(effect.commit, effect.branchHead, signal);
      case "find-approval":
        return commits.findApproval(effect.head, effect.applied, signal);
      case "ensure-buckets":
        return this.#ensureBuckets();
      case "write-record":
        return this.#writeRecord(effect);
      case "write":
        return this.#write(effect, signal);
      case "rebuild":
        return { kind: "rebuild" };
      case "compare":
        // Whatever else waits comes first: a comparison of a million keys is many of these.
        await setImmediate();
        return { kind: "compare" };
    }
  }

  async #ensureBuckets(): Promise<Event> {
    const { link, replicas, differences } = this.#world;
    try {
      differences(await ensureBuckets(link, { replicas }));
      return { kind: "buckets-ensured" };
    } catch (error) {
      return { kind: "buckets-missing", message: errorText(error), retryInMs: this.#retryMs() };
    }
  }

  async #writeRecord({ record, expectedRevision }: Extract<Effect, { kind: "write-record" }>): Promise<Event> {
    const { link, lease } = this.#world;
    const failed = (message: string): Event => ({ kind: "record-failed", message, retryInMs: this.#retryMs() });
    if (!lease.holds()) return failed("another reconciler took over");
    const result = await putIf(link, recordText(record), {
      bucket: BUCKETS.fleet,
      key: RECONCILER_RECORD_KEY,
      expectedRevision,
      headers: { [HEADER_FLEET]: record.fleet },
    });
    switch (result.kind) {
      case "written":
        this.#failures = 0;
        return { kind: "record", record, revision: result.revision, own: true };
      case "conflict":
        return failed("somebody else wrote the record");
      case "failed":
        return failed(errorText(result.error));
    }
  }

  async #write(effect: Extract<Effect, { kind: "write" }>, signal: AbortSignal): Promise<Event> {
    const { writer, lease, send } = this.#world;
    send({ kind: "writes-started" });
    const hold = effect.isLarge ? this.#world.holdDesired() : null;
    if (hold !== null) send({ kind: "feed-held" });
    const mayWrite = (): boolean => lease.holds() && !signal.aborted;
    const pass = new WritePass(effect, { mayWrite, send, hold });
    try {
      await writer.pour(pass);
      await pass.answered();
      await this.#unmark(effect.unmarks, pass);
    } finally {
      hold?.release();
    }
    const conflicts = await this.#readAgain(pass);
    const { failed, message } = pass;
    if (failed === 0) this.#failures = 0;
    const retryInMs = failed === 0 ? 0 : this.#retryMs();
    return { kind: "writes-done", epoch: effect.epoch, conflicts, failed, message, retryInMs };
  }

  async #unmark(writes: readonly Write[], pass: WritePass): Promise<void> {
    const { link, lease } = this.#world;
    for (let at = 0; at < writes.length && lease.holds(); at += UNMARKS_AT_ONCE) {
      const some = writes.slice(at, at + UNMARKS_AT_ONCE).map(async (write) => {
        try {
          // A value that was put since has a higher revision and stays.
          await purgeKey(link, { bucket: BUCKETS.desiredState, key: write.key, upToRevision: write.expectedRevision });
          pass.note({ write, revision: 0 });
        } catch (error) {
          pass.fail(errorText(error));
        }
      });
      await Promise.all(some);
    }
    pass.tell();
  }

  // Where somebody else wrote, what stands there now is looked up: the bucket may be slow to tell.
  async #readAgain(pass: WritePass): Promise<KeyChange[]> {
    const changes: KeyChange[] = [];
    const values = new ValueReader();
    for (const key of pass.conflicts) {
      try {
        const state = await readKey(this.#world.link, BUCKETS.desiredState, key);
        if (state === null) changes.push({ kind: "absent", key });
        else if (state.value === null) changes.push({ kind: "marker", key, revision: state.revision });
        else {
          const fleet = state.headers(HEADER_FLEET) ?? null;
          const fingerprint = values.fingerprint(state.value);
          changes.push({ kind: "put", key, fingerprint, revision: state.revision, fleet });
        }
      } catch (error) {
        pass.fail(errorText(error));
        break;
      }
    }
    return changes;
  }

  #retryMs(): number {
    this.#failures += 1;
    return (
      RETRY_BASE_MS / 2 +
      backoffMs({ attempt: this.#failures, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, Math.random)
    );
  }
}
