/** The limit of following buckets: a push consumer with flow control for each, and `JSON.parse` of every payload. */
import { nuid, type Msg, type NatsConnection } from "@nats-io/transport-node";

/** Messages that are expected, and what was read of them so far. */
export interface RawSubscription {
  /** Resolves when so many messages were parsed. */
  parsed(count: number): Promise<void>;
  close(): void;
}

/** Begins to follow. `deliver`: everything that is there first, or only what comes from now on. */
export async function subscribeRaw(
  connection: NatsConnection,
  streams: readonly string[],
  deliver: "all" | "new",
): Promise<RawSubscription> {
  let parsed = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached: () => void = () => {};
  const closes: (() => void)[] = [];
  for (const stream of streams) {
    const inbox = `_INBOX.${nuid.next()}`;
    const subscription = connection.subscribe(inbox, {
      callback(_error, message) {
        if (isStatus(message)) {
          answerFlowControl(connection, message);
          return;
        }
        JSON.parse(message.string());
        parsed += 1;
        if (parsed >= wanted) reached();
      },
    });
    closes.push(() => subscription.unsubscribe());
    await createConsumer(connection, stream, inbox, deliver);
  }
  return {
    parsed: async (count) => {
      await new Promise<void>((resolve) => {
        wanted = count;
        reached = resolve;
        if (parsed >= count) resolve();
      });
    },
    close: () => closes.forEach((close) => close()),
  };
}

function isStatus(message: Msg): boolean {
  return message.data.length === 0 && message.headers?.code === 100;
}

function answerFlowControl(connection: NatsConnection, message: Msg): void {
  if (message.reply !== undefined && message.reply !== "") connection.publish(message.reply);
  // Where an answer was lost the server asks again in its heartbeats.
  const stalled = message.headers?.get("Nats-Consumer-Stalled") ?? "";
  if (stalled !== "") connection.publish(stalled);
}

async function createConsumer(connection: NatsConnection, stream: string, inbox: string, deliver: string) {
  const name = nuid.next();
  const config = {
    name,
    deliver_subject: inbox,
    deliver_policy: deliver,
    ack_policy: "none",
    flow_control: true,
    idle_heartbeat: 1_000_000_000,
    mem_storage: true,
    num_replicas: 1,
  };
  const body = JSON.stringify({ stream_name: stream, config });
  const answer = await connection.request(`$JS.API.CONSUMER.CREATE.${stream}.${name}`, body, { timeout: 30_000 });
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error !== undefined) throw new Error(`no consumer of ${stream}: ${error.description}`);
}
