/** The limit of writing: takes the messages of a bucket in hand, then publishes them again as fast as the client can. */
import { once } from "node:events";
import { jetstream } from "@nats-io/jetstream";
import { connect, nuid, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { ensureBuckets } from "#nats/buckets.ts";
import { connectNats } from "#nats/connect.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { silentLogger } from "#runtime/logger.ts";

/** Its arguments, as JSON: which messages, and where they are. */
export interface RawPublisherOptions {
  readonly server: string;
  readonly bucket: string;
  readonly fromSeq: number;
  readonly count: number;
  /** So many are on their way at once. */
  readonly window: number;
}

/** What it is told: publish all of them to this server. It answers with the milliseconds. */
export interface PublishTo {
  readonly server: string;
}

interface RawMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs;
}

interface StreamInfo {
  readonly state: { readonly last_seq: number };
}

const READ_AHEAD = 10_000;

const options = JSON.parse(process.argv[2] ?? "{}") as RawPublisherOptions;
const messages = await allMessages(options);
process.send?.("ready");
process.on("message", (to: PublishTo) => void publish(to).then((ms) => process.send?.(ms)));
await once(process, "disconnect");

async function allMessages({ server, bucket, fromSeq, count }: RawPublisherOptions): Promise<RawMessage[]> {
  const connection = await connect({ servers: server });
  const found: RawMessage[] = [];
  const consumer = await jetstream(connection).consumers.get(`KV_${bucket}`, { opt_start_seq: fromSeq });
  for await (const { subject, data, headers } of await consumer.consume({ max_messages: READ_AHEAD })) {
    const before = found.at(-1);
    found.push({
      subject,
      // What is equal to the one before is kept once: a million copies would not fit.
      data: before !== undefined && Buffer.compare(before.data, data) === 0 ? before.data : data.slice(),
      headers: sameHeaders(before?.headers, encoded(headers)),
    });
    if (found.length === count) break;
  }
  await connection.close();
  return found;
}

/** The client asks headers for their bytes alone. */
type EncodedHeaders = MsgHdrs & { encode(): Uint8Array };

function encoded(headers: MsgHdrs | undefined): EncodedHeaders {
  const bytes = (headers as EncodedHeaders).encode();
  return { encode: () => bytes } as unknown as EncodedHeaders;
}

function sameHeaders(before: MsgHdrs | undefined, now: EncodedHeaders): MsgHdrs {
  if (before === undefined) return now;
  return Buffer.compare((before as EncodedHeaders).encode(), now.encode()) === 0 ? before : now;
}

async function publish({ server }: PublishTo): Promise<number> {
  const link = await connectNats(natsOptionsSchema.parse({ servers: server }), { name: "raw", logger: silentLogger });
  await ensureBuckets(link, { replicas: 1 });
  await link.close();
  const connection = await connect({ servers: server });
  const fromMs = performance.now();
  await publishAll(connection);
  const ms = performance.now() - fromMs;
  const answer = (await connection.request(`$JS.API.STREAM.INFO.KV_${options.bucket}`)).json<StreamInfo>();
  await connection.close();
  if (answer.state.last_seq !== messages.length) throw new Error(`only ${answer.state.last_seq} messages were stored`);
  return ms;
}

function publishAll(connection: NatsConnection): Promise<void> {
  const inbox = `_INBOX.${nuid.next()}.`;
  let [sent, answered] = [0, 0];
  return new Promise((resolve) => {
    const fill = (): void => {
      for (let next = messages[sent]; next !== undefined && sent - answered < options.window; next = messages[sent]) {
        const { subject, data, headers } = next;
        connection.publish(subject, data, { reply: inbox + sent, headers });
        sent += 1;
      }
    };
    connection.subscribe(`${inbox}*`, {
      callback: () => {
        answered += 1;
        if (answered === messages.length) resolve();
        else fill();
      },
    });
    fill();
  });
}
