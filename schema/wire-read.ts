/**
 * Reads what devices and the reconciler wrote into buckets. The key is the authority: a payload that names somebody
 * else, is too large or malformed is dropped, with a reason to count.
 */
import type { z } from "zod";
import { parseHeartbeatKey, parseInfoKey, parseStateKey, type DevicePair } from "./keys.ts";
import type { DeviceId } from "./names.ts";
import { plainDeploymentState } from "./plain-state.ts";
import {
  deploymentStateSchema,
  DEVICE_MESSAGE_MAX_BYTES,
  deviceInfoSchema,
  heartbeatSchema,
  LAST_ERROR_MAX_BYTES,
  reconcilerRecordSchema,
  type DeploymentState,
  type DeviceInfo,
  type Heartbeat,
  type ReconcilerRecord,
} from "./wire.ts";

/** Why a payload is dropped; the label of the metric that counts it. */
export type DropReason = "foreign-key" | "oversized" | "malformed" | "names-another";

/** A payload, or why there is none. */
export type WireReading<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/** A device's state of one deployment, from `device-state`. */
export function readDeploymentState(
  key: string,
  bytes: Uint8Array,
): WireReading<{ readonly pair: DevicePair; readonly state: DeploymentState }> {
  const pair = parseStateKey(key);
  if (pair === null) return dropped("foreign-key");
  const reading = readStateOf(pair, bytes);
  return reading.kind === "read" ? { kind: "read", value: { pair, state: reading.value } } : reading;
}

/** The same where it is known whose state it is. `likelyDigest` is that of the value which it is most likely about. */
export function readStateOf(
  pair: DevicePair,
  bytes: Uint8Array,
  likelyDigest: string | null = null,
): WireReading<DeploymentState> {
  if (bytes.length > DEVICE_MESSAGE_MAX_BYTES) return dropped("oversized");
  const text = decoded(bytes);
  const plain = text === null ? null : plainDeploymentState(text, pair, likelyDigest);
  if (plain !== null) return { kind: "read", value: plain };
  return judged(deploymentStateSchema, parsed(text), (state) => {
    const own = state.device_id === pair.device && state.deployment === pair.deployment;
    return own ? { ...state, last_error: oneLine(state.last_error) } : null;
  });
}

/** What a device said about itself, from `device-info`. */
export function readDeviceInfo(key: string, bytes: Uint8Array): WireReading<DeviceInfo> {
  return readOfDevice(parseInfoKey(key), deviceInfoSchema, bytes);
}

/** A sign of life, from `device-heartbeat`. The server's timestamp says when, `at` is for people. */
export function readHeartbeat(key: string, bytes: Uint8Array): WireReading<Heartbeat> {
  return readOfDevice(parseHeartbeatKey(key), heartbeatSchema, bytes);
}

/** The record of the reconciler, from `fleet`. Not written by devices, so of any size. */
export function readReconcilerRecord(bytes: Uint8Array): ReconcilerRecord | null {
  const reading = reconcilerRecordSchema.safeParse(parseJson(bytes));
  return reading.success ? reading.data : null;
}

function readOfDevice<T extends { readonly device_id: DeviceId }>(
  device: DeviceId | null,
  schema: z.ZodType<T>,
  bytes: Uint8Array,
): WireReading<T> {
  if (device === null) return dropped("foreign-key");
  return readAs(schema, bytes, (payload) => (payload.device_id === device ? payload : null));
}

/** `own` gives null for a payload that names somebody else. */
function readAs<T, U>(schema: z.ZodType<T>, bytes: Uint8Array, own: (payload: T) => U | null): WireReading<U> {
  if (bytes.length > DEVICE_MESSAGE_MAX_BYTES) return dropped("oversized");
  return judged(schema, parseJson(bytes), own);
}

function judged<T, U>(schema: z.ZodType<T>, payload: unknown, own: (payload: T) => U | null): WireReading<U> {
  const reading = schema.safeParse(payload);
  if (!reading.success) return dropped("malformed");
  const value = own(reading.data);
  return value === null ? dropped("names-another") : { kind: "read", value };
}

function dropped(reason: DropReason): { readonly kind: "dropped"; readonly reason: DropReason } {
  return { kind: "dropped", reason };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(bytes: Uint8Array): unknown {
  return parsed(decoded(bytes));
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** The text in one line of at most 1,024 bytes, whatever its writer sent. */
function oneLine(text: string | null): string | null {
  if (text === null) return null;
  const line = text.toWellFormed().replaceAll(/\p{Cc}+/gu, " ");
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= LAST_ERROR_MAX_BYTES) return line;
  return new TextDecoder().decode(bytes.subarray(0, LAST_ERROR_MAX_BYTES)).replace(/\ufffd+$/u, "");
}
