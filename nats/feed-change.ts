/** What a message of a bucket means: a value put, or a marker that the key is gone. */
import type { Msg } from "@nats-io/transport-node";
import { rawHeadersOf, type Headers } from "./raw-headers.ts";

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
  return operationNamed(headers.get(OPERATION_HEADER), headers.get(MARKER_REASON_HEADER));
}

/** The same by headers that are looked for one by one. */
export function operationIn(headers: Headers): "put" | "delete" | "purge" {
  return operationNamed(headers(OPERATION_HEADER), headers(MARKER_REASON_HEADER));
}

function operationNamed(operation: string | undefined, markerReason: string | undefined): "put" | "delete" | "purge" {
  if (operation === "DEL") return "delete";
  return operation === "PURGE" || (markerReason ?? "") !== "" ? "purge" : "put";
}

/** The change a message stands for. */
export function changeOf(
  message: Msg,
  { key, revision, atUs }: { key: string; revision: number; atUs: number },
): MessageChange {
  const headers = rawHeadersOf(message);
  const kind = operationIn(headers);
  const atMs = Math.floor(atUs / 1_000);
  if (kind !== "put") return { kind, key, revision, atMs };
  return { kind, key, value: message.data, revision, atMs, headers };
}
