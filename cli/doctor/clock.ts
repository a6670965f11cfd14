/** Is the clock of this machine right? Told by another one: that of NATS, or of a web server. */
import type { Check } from "./check.ts";

/** More than this and times on devices and in logs no longer tell a story. */
const OFF_WARN_MS = 5_000;
/** More than this and certificates and credentials begin and end at the wrong time. */
const OFF_FAIL_MS = 300_000;
const ANSWER_LIMIT_MS = 5_000;

/** A clock that was compared. */
export interface Compared {
  /** By how much the other clock is ahead. */
  readonly offsetMs: number;
  /** `the NATS server`. */
  readonly whose: string;
}

export function checkClock({ offsetMs, whose }: Compared): Check {
  const seconds = Math.abs(offsetMs / 1_000).toFixed(1);
  const name = "clock";
  const off = Math.abs(offsetMs);
  if (off <= OFF_WARN_MS) return { level: "ok", name, found: `within ${seconds} s of ${whose}` };
  const found = `${seconds} s ${offsetMs > 0 ? "behind" : "ahead of"} ${whose}`;
  const todo = ["let NTP set the clocks (timedatectl set-ntp true), on this machine and there"];
  return { level: off > OFF_FAIL_MS ? "fail" : "warn", name, found, todo };
}

/** By the `Date` that a web server puts on every answer, also on a refusal; null where it gives none. To the second. */
export async function httpClock(url: string): Promise<Compared | null> {
  try {
    const askedAtMs = Date.now();
    const answer = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const serverMs = Date.parse(answer.headers.get("date") ?? "");
    if (Number.isNaN(serverMs)) return null;
    // The server leaves out the part of a second.
    return { offsetMs: serverMs + 500 - (askedAtMs + Date.now()) / 2, whose: new URL(url).host };
  } catch {
    return null;
  }
}
