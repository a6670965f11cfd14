/** A NATS client that knows nothing of this program: what tests write and compare with. */
import { connect, errors, headers, type NatsConnection } from "@nats-io/transport-node";
import { until } from "#sandbox/until.ts";

const ANSWER_WITHIN_MS = 250;

/** Reads and writes streams by the bare protocol. */
export interface PlainClient {
  readonly connection: NatsConnection;
  /** Writes a key and returns its revision; tries again until the server acknowledges it. */
  put(bucket: string, key: string, value: string): Promise<number>;
  /** Leaves a marker. */
  mark(bucket: string, key: string, operation: "DEL" | "PURGE"): Promise<number>;
  /** Every key and its value; keys whose last message is a marker are left out. */
  contents(bucket: string): Promise<Map<string, string>>;
  /** A request to the JetStream API. */
  api(subject: string, body?: unknown): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Connects to a server of a test; reconnects for ever. */
export async function plainClient(url: string, login: { user?: string; pass?: string } = {}): Promise<PlainClient> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 20, ...login });
  const api = async (subject: string, body?: unknown): Promise<Record<string, unknown>> => {
    const payload = body === undefined ? "" : JSON.stringify(body);
    const answer = await connection.request(`$JS.API.${subject}`, payload, { timeout: ANSWER_WITHIN_MS });
    return answer.json();
  };
  const publish = async (subject: string, value: string, operation?: string): Promise<number> => {
    const meta = headers();
    if (operation !== undefined) meta.set("KV-Operation", operation);
    if (operation === "PURGE") meta.set("Nats-Rollup", "sub");
    return until(`${subject} is written`, async () => {
      try {
        const answer = await connection.request(subject, value, { timeout: ANSWER_WITHIN_MS, headers: meta });
        return answer.json<{ seq?: number }>().seq ?? null;
      } catch (error) {
        if (error instanceof errors.ClosedConnectionError) throw error;
        return null;
      }
    });
  };
  return {
    connection,
    api,
    put: (bucket, key, value) => publish(`$KV.${bucket}.${key}`, value),
    mark: (bucket, key, operation) => publish(`$KV.${bucket}.${key}`, "", operation),
    contents: (bucket) => until(`${bucket} can be read`, () => contentsOf(api, bucket)),
    close: () => connection.close(),
  };
}

async function contentsOf(api: PlainClient["api"], bucket: string): Promise<Map<string, string>> {
  const prefix = `$KV.${bucket}.`;
  const info = await api(`STREAM.INFO.KV_${bucket}`, { subjects_filter: ">" });
  const subjects = Object.keys((info["state"] as { subjects?: object }).subjects ?? {});
  const found = new Map<string, string>();
  for (const subject of subjects) {
    const value = await lastValue(api, `KV_${bucket}`, subject);
    if (value !== null) found.set(subject.slice(prefix.length), value);
  }
  return found;
}

async function lastValue(api: PlainClient["api"], stream: string, subject: string): Promise<string | null> {
  const answer = await api(`STREAM.MSG.GET.${stream}`, { last_by_subj: subject });
  const message = answer["message"] as { data?: string; hdrs?: string } | undefined;
  if (message === undefined) return null;
  const head = Buffer.from(message.hdrs ?? "", "base64").toString("latin1");
  return head.includes("KV-Operation") ? null : Buffer.from(message.data ?? "", "base64").toString("utf8");
}
