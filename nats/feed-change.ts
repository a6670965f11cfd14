/** What a message of a bucket means: a value put, or a marker that the key is gone. */
import type { Msg } from "@nats-io/transport-node";

const OPERATION_HEADER = "KV-Operation";
/** Set on the markers that the server (2.11 and later) leaves by itself: MaxAge, Purge, Remove. */
const MARKER_REASON_HEADER = "Nats-Marker-Reason";

/** A change of one key that a message stands for. */
export type MessageChange =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly revision: number;
      /** When the server stored it, by the server's clock, in milliseconds since 1970. */
      readonly atMs: number;
      /** A header of the message, or undefined. */
      readonly headers: (name: string) => string | undefined;
    }
  /** `delete`: a DEL marker. `purge`: a PURGE marker, or the marker the server leaves when a key's age ran out. */
  | { readonly kind: "delete" | "purge"; readonly key: string; readonly revision: number; readonly atMs: number };

/** One change of one key. `absent`: it was there and is gone without a marker (the bucket was re-created, wiped or purged); never an intent. */
export type FeedChange = MessageChange | { readonly kind: "absent"; readonly key: string };

/** `put`, or which marker the message is. */
export function operationOf(message: Pick<Msg, "headers">): "put" | "delete" | "purge" {
  const headers = message.headers;
  if (headers === undefined) return "put";
  const operation = headers.get(OPERATION_HEADER);
  if (operation === "DEL") return "delete";
  if (operation === "PURGE" || headers.get(MARKER_REASON_HEADER) !== "") return "purge";
  return "put";
}

/** The change a message stands for. */
export function changeOf(
  message: Pick<Msg, "headers" | "data">,
  { key, revision, atUs }: { key: string; revision: number; atUs: number },
): MessageChange {
  const kind = operationOf(message);
  const atMs = Math.floor(atUs / 1_000);
  if (kind !== "put") return { kind, key, revision, atMs };
  return { kind, key, value: message.data, revision, atMs, headers: (name) => headerOf(message, name) };
}

/** One header's value, or undefined. */
export function headerOf(message: Pick<Msg, "headers">, name: string): string | undefined {
  return message.headers?.has(name) === true ? message.headers.get(name) : undefined;
}
