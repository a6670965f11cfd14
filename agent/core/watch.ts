/** Watching one container over time: since when it is up, whether it crashes again and again, whether it is well. */
import { isDone, isDown, isFresh, isLeaving, isSpent, isUp, type SeenContainer } from "./container.ts";
import { CRASH_PAUSES, pauseMs, type Pauses } from "./retry.ts";
import type { HealthWatch, Watch } from "./state.ts";

/** This many restarts without a stable time between them are a crash loop: podman itself never pauses. */
export const RESTARTS_MAX = 5;
/** Up for so long, a container is stable again and its past is forgotten. */
export const STABLE_AGAIN_MS = 60_000;
/** podman restarts by itself within this time; only after it does the agent start what is down. */
export const PODMAN_RESTARTS_WITHIN_MS = 500;

const NEVER_CHECKED: HealthWatch = { ranAtMs: null, everHealthy: false, streak: 0, countedAtMs: null, output: "" };

/** What is remembered after one more look. */
export function watched(before: Watch | undefined, container: SeenContainer, nowMs: number): Watch {
  const watch = settleStart(before, container, nowMs);
  const up = isUp(container);
  const next: Watch = {
    ...watch,
    upSinceMs: up ? (watch.upSinceMs ?? nowMs) : null,
    downSinceMs: isDown(container) || isLeaving(container) ? (watch.downSinceMs ?? nowMs) : null,
    // A start by hand begins podman's count anew.
    restartsBefore: Math.min(watch.restartsBefore, container.restartCount),
  };
  if (next.upSinceMs !== null && nowMs - next.upSinceMs >= STABLE_AGAIN_MS) return stable(next, container);
  return crashGuard(next, container, nowMs);
}

function settleStart(before: Watch | undefined, container: SeenContainer, nowMs: number): Watch {
  if (before === undefined) return newWatch(container, nowMs);
  if (before.startedAt === container.startedAt) return before;
  return { ...before, startedAt: container.startedAt, upSinceMs: null, downSinceMs: null, health: NEVER_CHECKED };
}

// Restarts before the agent first looked are nobody's fault that could still be helped.
function newWatch(container: SeenContainer, nowMs: number): Watch {
  return {
    startedAt: container.startedAt,
    upSinceMs: isUp(container) ? nowMs : null,
    downSinceMs: isDown(container) ? nowMs : null,
    restartsBefore: container.restartCount,
    starts: 0,
    crashes: 0,
    restUntilMs: null,
    error: null,
    health: NEVER_CHECKED,
  };
}

function stable(watch: Watch, container: SeenContainer): Watch {
  return { ...watch, restartsBefore: container.restartCount, starts: 0, crashes: 0, restUntilMs: null, error: null };
}

function crashGuard(watch: Watch, container: SeenContainer, nowMs: number): Watch {
  const restarts = restartsOf(watch, container) + watch.starts;
  if (watch.restUntilMs !== null || restarts < RESTARTS_MAX) return watch;
  const error = `${container.service}: ${endText(container)} again and again${logText(container)}`;
  return resting(watch, { error, salt: container.name, nowMs, pauses: CRASH_PAUSES });
}

/** Why and how long a container is left alone. */
export interface Rest {
  readonly error: string;
  /** Spreads the pauses. */
  readonly salt: string;
  readonly nowMs: number;
  readonly pauses: Pauses;
}

/** A container that is to be left alone for a growing while. */
export function resting(watch: Watch, { error, salt, nowMs, pauses }: Rest): Watch {
  const restUntilMs = nowMs + pauseMs(watch.crashes, pauses, salt);
  return { ...watch, crashes: watch.crashes + 1, restUntilMs, error };
}

/** After the agent started it: the rest is over, podman's count begins anew. */
export function startedByAgent(watch: Watch, nowMs: number): Watch {
  const rested = watch.restUntilMs !== null && watch.restUntilMs <= nowMs;
  return { ...watch, starts: rested ? 0 : watch.starts + 1, restartsBefore: 0, restUntilMs: null };
}

/** Restarts since it was last stable. */
export function restartsOf(watch: Watch, container: SeenContainer): number {
  return Math.max(0, container.restartCount - watch.restartsBefore);
}

/** The words for how it ended. */
export function endText(container: SeenContainer): string {
  if (container.outOfMemory) return "ran out of memory; raise resources.memory_bytes;";
  // Started again already, podman may have forgotten the code of its end.
  if (!isDown(container) && container.exitCode === 0) return "ended";
  if (container.exitCode === 137) return "was killed (exit code 137, often for lack of memory)";
  return `exited with code ${container.exitCode}`;
}

/** `; last log line: …`, or nothing. */
export function logText({ lastLog }: SeenContainer): string {
  return lastLog === null || lastLog === "" ? "; it logged nothing" : `; last log line: ${lastLog}`;
}

/** What is to be done so that this container runs as it should. */
export type Keeping =
  | { readonly kind: "well" }
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  /** Nothing now; look again then (null: at the next event). */
  | { readonly kind: "wait"; readonly untilMs: number | null };

/** A container whose stop was interrupted stays `stopping`; after grace and this, it is stopped again. */
const STOPPING_MARGIN_MS = 10_000;

/** What keeps one container going, whatever happened to it. */
export function keeping(container: SeenContainer, watch: Watch, nowMs: number): Keeping {
  const rests = watch.restUntilMs !== null && watch.restUntilMs > nowMs;
  if (container.status === "paused") return { kind: "start" };
  if (isUp(container)) return rests ? { kind: "stop" } : { kind: "well" };
  if (rests && isFlapping(container, watch, nowMs)) return { kind: "stop" };
  if (isDone(container) || isSpent(container)) return { kind: "well" };
  if (rests) return { kind: "wait", untilMs: watch.restUntilMs };
  if (isFresh(container)) return { kind: "start" };
  if (isLeaving(container)) return keepingLeaving(container, watch, nowMs);
  const startAtMs = (watch.downSinceMs ?? nowMs) + PODMAN_RESTARTS_WITHIN_MS;
  return nowMs >= startAtMs ? { kind: "start" } : { kind: "wait", untilMs: startAtMs };
}

/** Between two crashes it is down, but podman starts it again in a moment. */
export function isFlapping(container: SeenContainer, watch: Watch, nowMs: number): boolean {
  const justDown = watch.downSinceMs !== null && nowMs - watch.downSinceMs < PODMAN_RESTARTS_WITHIN_MS;
  return justDown && restartsOf(watch, container) > 0;
}

function keepingLeaving(container: SeenContainer, { downSinceMs }: Watch, nowMs: number): Keeping {
  const untilMs = (downSinceMs ?? nowMs) + container.stopGraceSeconds * 1_000 + STOPPING_MARGIN_MS;
  return nowMs >= untilMs ? { kind: "stop" } : { kind: "wait", untilMs };
}
