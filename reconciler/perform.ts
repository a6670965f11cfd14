/** Effect → the world. Whatever goes wrong comes back as an event. */
import { ensureBuckets, type BucketDifference } from "#nats/buckets.ts";
import { putIf, readKey } from "#nats/compare-and-set.ts";
import type { NatsLink } from "#nats/link.ts";
import { purgeKey } from "#nats/purge.ts";
import type { Writer } from "#nats/writer.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { errorText } from "#runtime/errors.ts";
import { HEADER_COMMIT, HEADER_DIGEST, HEADER_FLEET } from "#schema/headers.ts";
import { BUCKETS, RECONCILER_RECORD_KEY } from "#schema/keys.ts";
import { textOf } from "./bucket-feeds.ts";
import type { Commits } from "./commits.ts";
import type { Effect, Write } from "./core/effect.ts";
import type { Event, KeyChange, Written } from "./core/event.ts";
import { recordText } from "./core/record.ts";

export interface Adapters {
  readonly commits: Commits;
  readonly link: NatsLink;
  readonly writer: Writer;
  readonly lease: { holds: () => boolean };
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
    this.#world.send({ kind: "writes-started", keys: effect.writes.map(({ key }) => key) });
    const result = new WriteResult();
    await this.#messages(effect, result, signal);
    await this.#unmark(
      effect.writes.filter(({ kind }) => kind === "unmark"),
      result,
    );
    const conflicts = await this.#readAgain(result);
    if (result.failed === 0) this.#failures = 0;
    const { written, failed, message } = result;
    const retryInMs = failed === 0 ? 0 : this.#retryMs();
    return { kind: "writes-done", fleet: effect.fleet, written, conflicts, failed, message, retryInMs };
  }

  async #messages(effect: Extract<Effect, { kind: "write" }>, result: WriteResult, signal: AbortSignal): Promise<void> {
    const { writer, lease } = this.#world;
    const answers: Promise<void>[] = [];
    for (const write of effect.writes) {
      if (write.kind === "unmark") continue;
      await writer.ready();
      // Asked right before each write: after a freeze another one may be the writer.
      if (!lease.holds() || signal.aborted) {
        result.fail("another reconciler took over");
        break;
      }
      answers.push(this.#message(write, effect, result));
    }
    await Promise.all(answers);
  }

  async #message(
    write: Exclude<Write, { kind: "unmark" }>,
    effect: Extract<Effect, { kind: "write" }>,
    into: WriteResult,
  ): Promise<void> {
    const headers = { [HEADER_COMMIT]: effect.commit, [HEADER_FLEET]: effect.fleet };
    const common = { bucket: BUCKETS.desiredState, key: write.key, expectedRevision: write.expectedRevision };
    const result = await this.#world.writer.write(
      write.kind === "put"
        ? { ...common, value: write.text, headers: { ...headers, [HEADER_DIGEST]: write.digest } }
        : { ...common, kind: "delete", headers },
    );
    switch (result.kind) {
      case "written":
        into.written.push({ write, revision: result.revision });
        break;
      case "conflict":
        into.conflicts.push(write.key);
        break;
      case "failed":
        into.fail(errorText(result.error));
        break;
    }
  }

  async #unmark(writes: readonly Write[], result: WriteResult): Promise<void> {
    const { link, lease } = this.#world;
    for (let at = 0; at < writes.length && lease.holds(); at += UNMARKS_AT_ONCE) {
      const some = writes.slice(at, at + UNMARKS_AT_ONCE).map(async (write) => {
        try {
          // A value that was put since has a higher revision and stays.
          await purgeKey(link, { bucket: BUCKETS.desiredState, key: write.key, upToRevision: write.expectedRevision });
          result.written.push({ write, revision: 0 });
        } catch (error) {
          result.fail(errorText(error));
        }
      });
      await Promise.all(some);
    }
  }

  // Where somebody else wrote, what stands there now is looked up: the bucket may be slow to tell.
  async #readAgain(result: WriteResult): Promise<KeyChange[]> {
    const changes: KeyChange[] = [];
    for (const key of result.conflicts) {
      try {
        const state = await readKey(this.#world.link, BUCKETS.desiredState, key);
        if (state === null) changes.push({ kind: "absent", key });
        else if (state.value === null) changes.push({ kind: "marker", key, revision: state.revision });
        else {
          const fleet = state.headers(HEADER_FLEET) ?? null;
          changes.push({ kind: "put", key, text: textOf(state.value), revision: state.revision, fleet });
        }
      } catch (error) {
        result.fail(errorText(error));
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

class WriteResult {
  readonly written: Written[] = [];
  readonly conflicts: string[] = [];
  failed = 0;
  message = "";

  fail(message: string): void {
    this.failed += 1;
    this.message = message;
  }
}
