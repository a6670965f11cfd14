/** Messages that a bucket has to store, as fast as it stores them. */
import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/transport-node";

/** One message of a bucket. */
export interface StoredMessage {
  readonly subject: string;
  readonly payload: string;
  readonly headers?: MsgHdrs | undefined;
}

/**
 * One in so many is to be acknowledged, and two are on their way: behind 10,000 messages that wait for one stream
 * nats-server 2.11 and later drops what comes, and tells only those who asked for an acknowledgement.
 */
const ACKNOWLEDGED_EVERY = 2_500;
const ACKNOWLEDGED_WITHIN_MS = 60_000;

/** Publishes all; what is stored is stored in order. Throws where a message that asked for an acknowledgement gets none. */
export async function publishStored(connection: NatsConnection, messages: Iterable<StoredMessage>): Promise<void> {
  let before: Promise<unknown> = Promise.resolve();
  let count = 0;
  for (const { subject, payload, headers } of messages) {
    const options = headers === undefined ? {} : { headers };
    count += 1;
    if (count % ACKNOWLEDGED_EVERY > 0) {
      connection.publish(subject, payload, options);
      continue;
    }
    const asked = acknowledged(connection.request(subject, payload, { ...options, timeout: ACKNOWLEDGED_WITHIN_MS }));
    // Looked at one turn later.
    asked.catch(() => undefined);
    await before;
    before = asked;
  }
  await before;
}

async function acknowledged(answer: Promise<Msg>): Promise<void> {
  const { error } = (await answer).json<{ error?: { description: string } }>();
  if (error !== undefined) throw new Error(`the server did not store a message: ${error.description}`);
}
