/** The messages that a bucket holds, published again by bare means: the limit of mirroring them. */
import { startNatsServer } from "#sandbox/nats-server.ts";
import { forked, type Forked } from "./forked.ts";
import type { NatsBinary } from "./nats-binaries.ts";
import type { RawPublisherOptions } from "./raw-publisher-process.ts";
import type { RowContext } from "./row.ts";

/** As many as the reconciler has on their way. */
const WINDOW = 2_048;

export class RawPublisher {
  readonly #publisher: Forked;
  readonly #binary: NatsBinary;

  private constructor(publisher: Forked, binary: NatsBinary) {
    this.#publisher = publisher;
    this.#binary = binary;
  }

  /** Takes the messages of `desired-state` in hand, subjects, headers and payloads, before anything is measured. */
  static async holding(
    { server, fromSeq, count }: Pick<RawPublisherOptions, "server" | "fromSeq" | "count">,
    binary: NatsBinary,
    { undo }: RowContext,
  ): Promise<RawPublisher> {
    const options: RawPublisherOptions = { server, fromSeq, count, bucket: "desired-state", window: WINDOW };
    const publisher = forked("raw-publisher-process.ts", [JSON.stringify(options)]);
    undo.add("a bare publisher", async () => await publisher.stop());
    if ((await publisher.said()) !== "ready")
      throw new Error("the bare publisher says something else than that it is ready");
    return new RawPublisher(publisher, binary);
  }

  async stop(): Promise<void> {
    await this.#publisher.stop();
  }

  /** Milliseconds from the first message to the last acknowledgement, with an empty server of its own. */
  async publish(): Promise<number> {
    const server = await startNatsServer({ binary: this.#binary.path });
    try {
      this.#publisher.tell({ server: server.url });
      return (await this.#publisher.said()) as number;
    } finally {
      await server.remove();
    }
  }
}
