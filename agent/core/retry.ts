/** When a failed thing is tried again: growing pauses, spread by name so that a fleet does not retry in step. */
import { createHash } from "node:crypto";
import { backoffMs } from "#runtime/backoff.ts";
import type { Trouble } from "./state.ts";

/** Where the pauses begin and end. */
export interface Pauses {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Steps that cost little: pulls, creates, publishes. */
export const STEP_PAUSES: Pauses = { baseMs: 1_000, maxMs: 5 * 60_000 };
/** podman does not answer: asked often, it is on this machine. */
export const UNREACHABLE_PAUSES: Pauses = { baseMs: 250, maxMs: 5_000 };
/** A container that keeps crashing. */
export const CRASH_PAUSES: Pauses = { baseMs: 5_000, maxMs: 10 * 60_000 };
/** A container that podman cannot start: a port that is taken, a program that is not there. */
export const START_PAUSES: Pauses = { baseMs: 1_000, maxMs: 5 * 60_000 };
/** A version that was rolled back: each new try interrupts the one that serves. */
export const ROLLED_BACK_PAUSES: Pauses = { baseMs: 10 * 60_000, maxMs: 6 * 60 * 60_000 };

/** Between half of the exponential bound and all of it; the same for the same `salt` and attempt. */
export function pauseMs(attempt: number, pauses: Pauses, salt: string): number {
  const spread = createHash("sha256").update(`${salt} ${attempt}`).digest().readUInt32BE(0) / 2 ** 32;
  return backoffMs({ attempt, ...pauses }, () => 0.5 + spread / 2);
}

/** The trouble after one more failure of the same step. */
export function nextTrouble(
  before: Trouble | null,
  { step, error, nowMs, pauses, salt }: { step: string; error: string; nowMs: number; pauses: Pauses; salt: string },
): Trouble {
  const attempt = before?.step === step ? before.attempt + 1 : 0;
  return { step, error, attempt, retryAtMs: nowMs + pauseMs(attempt, pauses, salt) };
}
