/** What stands in the lease's key: who holds it and for how long. */
import { z } from "zod";

/** Shortest and longest lease that is believed; what others write is not trusted further. */
export const LEASE_LEAST_MS = 100;
export const LEASE_MOST_MS = 60_000;

/**
 * The holder stops when this part of the duration is over, counted from before it asked; whoever stands by takes over
 * after that part, counted from when the server stored it. What lies between is for clocks that do not run equally
 * fast; what is left of the duration is for the take-over itself, so that it is over when the lease would be.
 */
export const HELD_SHARE = 0.9;
export const OVER_SHARE = 0.92;

const leaseValueSchema = z.object({
  holder: z.string().max(256),
  token: z.string().max(64),
  duration_ms: z.number().int().min(LEASE_LEAST_MS).max(LEASE_MOST_MS),
});

/** `token` is new for each process, so that nobody takes another's lease for its own. */
export type LeaseValue = z.infer<typeof leaseValueSchema>;

/** The text to store. */
export function leaseText(value: LeaseValue): string {
  return JSON.stringify(value);
}

/** What is stored. Something unreadable counts as held by somebody unknown, for `fallbackMs`. */
export function parseLease(bytes: Uint8Array, fallbackMs: number): LeaseValue {
  try {
    return leaseValueSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return { holder: "unknown", token: "", duration_ms: fallbackMs };
  }
}
