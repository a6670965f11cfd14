/** A reader that remembers what a bucket holds, and writes to it while its feed stands still. */
import type { NatsLink } from "#nats/connect.ts";
import { startFeed, type Feed, type FeedChange, type FeedHold } from "#nats/feed.ts";
import { createWriter } from "#nats/writer.ts";
import { onTestFinished } from "vitest";
import { BUCKET } from "./feed-world.ts";

const AUDIT_MS = 200;
const HEARTBEAT_MS = 150;

/** What it knows of a key. */
interface Known {
  readonly text: string | null;
  readonly revision: number;
}

export class RememberingReader {
  readonly feed: Feed;
  /** Markers included, with null for their text. */
  readonly known = new Map<string, Known>();
  /** What it was told: `put key value`, `delete key`, `forget`, `synced`, `unsynced`. */
  readonly log: string[] = [];
  readonly #writer;
  #hold: FeedHold | null = null;

  constructor(link: NatsLink) {
    this.#writer = createWriter(link);
    onTestFinished(() => this.#writer.close());
    const remembers = { forget: () => this.#forget(), counts: () => this.#counts() };
    this.feed = startFeed(
      link,
      { bucket: BUCKET, remembers, auditMs: AUDIT_MS, idleHeartbeatMs: HEARTBEAT_MS },
      {
        change: (change) => this.#see(change),
        synced: () => void this.log.push("synced"),
        unsynced: () => void this.log.push("unsynced"),
      },
    );
    onTestFinished(() => this.feed.stop());
  }

  /** Keys that hold a value. */
  get values(): Map<string, string> {
    return new Map([...this.known].flatMap(([key, { text }]) => (text === null ? [] : [[key, text] as const])));
  }

  hold(): boolean {
    this.#hold = this.feed.hold();
    return this.#hold !== null;
  }

  release(): void {
    this.#hold?.release();
    this.#hold = null;
  }

  /** Writes where nobody else wrote since, and knows it from the acknowledgement. */
  async write(key: string, text: string): Promise<boolean> {
    const expectedRevision = this.known.get(key)?.revision ?? 0;
    const hold = this.#hold;
    const result = await this.#writer.write({ bucket: BUCKET, key, value: text, expectedRevision });
    if (result.kind !== "written") return false;
    hold?.wrote(key, result.revision);
    // What the bucket has told since may be about another one.
    if (this.#hold === hold && this.feed.synced() === (hold === null)) {
      this.known.set(key, { text, revision: result.revision });
    }
    return true;
  }

  #see(change: FeedChange): void {
    if (change.kind === "absent") throw new Error("a remembering reader is never told that a key is absent");
    const text = change.kind === "put" ? Buffer.from(change.value).toString("utf8") : null;
    this.known.set(change.key, { text, revision: change.revision });
    this.log.push(text === null ? `${change.kind} ${change.key}` : `put ${change.key} ${text}`);
  }

  #forget(): void {
    this.known.clear();
    this.log.push("forget");
  }

  #counts(): { keys: number; values: number } {
    return { keys: this.known.size, values: this.values.size };
  }
}
