/** A nats-server, a reconciler that mirrors a repository to it, and what can be seen of both from outside. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { freePort } from "#sandbox/free-port.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import { forked, type Forked } from "./forked.ts";
import type { NatsBinary } from "./nats-binaries.ts";
import type { ReconcilerFigures } from "./reconciler-process.ts";
import type { RowContext } from "./row.ts";

const LOOK_EVERY_MS = 2;
/** To ask costs the server as much as dozens of writes, and nobody asks while the limit is taken. */
const LOOKS_PER_REST = 4;
const LOOK_PAUSE_MAX_MS = 250;
const LIMIT_MS = 900_000;
const RECORD = { subject: "STREAM.MSG.GET.KV_fleet", body: { last_by_subj: "$KV.fleet.reconciler" } };

/** Resident memory of a process, in megabytes of 1,000,000 bytes. */
export interface Memory {
  readonly nowMb: number;
  readonly peakMb: number;
}

export class ReconciledBucket {
  readonly server: NatsServer;
  readonly #nats: NatsConnection;
  readonly #reconciler: Forked;
  readonly #port: number;
  readonly #signal: AbortSignal;
  #isRecorded = false;

  private constructor(
    parts: { server: NatsServer; nats: NatsConnection; reconciler: Forked; port: number },
    signal: AbortSignal,
  ) {
    this.server = parts.server;
    this.#nats = parts.nats;
    this.#reconciler = parts.reconciler;
    this.#port = parts.port;
    this.#signal = signal;
  }

  /** Starts both; the reconciler begins to read `repo` at once. Call `stop`, or leave it to the row's end. */
  static async start(repo: string, { path }: NatsBinary, { undo, signal }: RowContext): Promise<ReconciledBucket> {
    const server = await startNatsServer({ binary: path });
    undo.add("a nats-server", async () => await server.remove());
    const nats = await connect({ servers: server.url });
    undo.add("a NATS connection", async () => await nats.close());
    const port = await freePort();
    const settings = { repo, pollInterval: "1h", listen: `127.0.0.1:${port}`, nats: { servers: server.url } };
    const reconciler = forked("reconciler-process.ts", [JSON.stringify(settings)]);
    undo.add("a reconciler", async () => await reconciler.stop());
    return new ReconciledBucket({ server, nats, reconciler, port }, signal);
  }

  async stop(): Promise<void> {
    await this.#reconciler.stop();
    await this.#nats.close();
    await this.server.remove();
  }

  /** How many messages the bucket took so far; 0 while there is none. */
  async lastSeq(): Promise<number> {
    return await this.#lastSeqOf("KV_desired-state");
  }

  /** Waits until the bucket took so many messages; gives the moments before its first one after now, and of its last. */
  async written(upToSeq: number): Promise<{ readonly beganMs: number; readonly endedMs: number }> {
    const from = await this.lastSeq();
    let beganMs = performance.now();
    let last = from;
    const written = async (): Promise<boolean> => {
      const askedMs = performance.now();
      last = await this.lastSeq();
      if (last === from) beganMs = askedMs;
      return last >= upToSeq;
    };
    // Seldom in the middle, every 2 ms at both ends.
    const pauseMs = (): number => {
      const restMs = ((performance.now() - beganMs) * (upToSeq - last)) / Math.max(1, last - from);
      return last === from ? 0 : Math.min(LOOK_PAUSE_MAX_MS, restMs / LOOKS_PER_REST);
    };
    await this.#until(`the bucket has ${upToSeq} messages`, written, pauseMs);
    return { beganMs, endedMs: performance.now() };
  }

  /** Waits until the record says that a commit is applied. */
  async applied(commit: string): Promise<void> {
    await this.#until(`${commit} is applied`, async () => {
      // Nats-server 2.9 crashes when it is asked for a message of a bucket that it is just making.
      this.#isRecorded ||= (await this.#lastSeqOf("KV_fleet")) > 0;
      if (!this.#isRecorded) return false;
      const answer = (await this.#ask(RECORD.subject, RECORD.body)) as { message?: { data: string } };
      if (answer.message === undefined) return false;
      const record = JSON.parse(Buffer.from(answer.message.data, "base64").toString("utf8")) as ReconcilerRecord;
      return record.applied === commit && record.applying === null;
    });
  }

  /** Stores what devices would say. */
  async report(by: (connection: NatsConnection) => Promise<void>): Promise<void> {
    await by(this.#nats);
  }

  /** Lets the reconciler ask the repository for news, as a forge does. */
  async poll(): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/webhook`, { method: "POST" });
    await answer.arrayBuffer();
    if (answer.status !== 202) throw new Error(`the reconciler answers ${answer.status} to a webhook`);
  }

  /** Since the last time that this was asked. */
  async figures(): Promise<ReconcilerFigures> {
    this.#reconciler.tell({});
    return (await this.#reconciler.said()) as ReconcilerFigures;
  }

  memory(): Memory {
    const status = readFileSync(`/proc/${this.#reconciler.pid}/status`, "utf8");
    const valueOf = (name: string): number =>
      (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1_024) / 1e6;
    return { nowMb: valueOf("VmRSS"), peakMb: valueOf("VmHWM") };
  }

  async #lastSeqOf(stream: string): Promise<number> {
    const answer = (await this.#ask(`STREAM.INFO.${stream}`)) as { state?: { last_seq: number } };
    return answer.state?.last_seq ?? 0;
  }

  async #ask(subject: string, body?: unknown): Promise<unknown> {
    const answer = await this.#nats.request(`$JS.API.${subject}`, body === undefined ? "" : JSON.stringify(body), {
      timeout: LIMIT_MS,
    });
    return answer.json();
  }

  async #until(what: string, holds: () => Promise<boolean>, pauseMs = (): number => 0): Promise<void> {
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(LIMIT_MS)]);
    while (!(await holds())) {
      if (limit.aborted) throw new Error(`gave up before ${what}`);
      await delay(Math.max(LOOK_EVERY_MS, pauseMs()));
    }
  }
}
