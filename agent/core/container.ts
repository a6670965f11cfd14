/** What podman says of one of our containers, and the few words the agent has for it. */

/** How a container's health check is run; times in milliseconds. */
export interface HealthSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
}

/** A container that carries our labels, as it was seen. */
export interface SeenContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly hash: string;
  readonly imageId: string;
  /** By its name: `main` serves, `next` is a candidate, `stray` was renamed by somebody. */
  readonly slot: "main" | "next" | "stray";
  /** podman's own word: created, running, paused, exited, stopped, stopping … */
  readonly status: string;
  /** podman's texts; each start gives a new one. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** Restarts by podman since the last start by hand. */
  readonly restartCount: number;
  readonly restartPolicy: string;
  readonly stopGraceSeconds: number;
  readonly health: HealthSettings | null;
  /** Is each published TCP port listened on inside the container? Null where that cannot be told. */
  readonly listening: { readonly missing: readonly number[] } | null;
  /** The last line it logged, where it is down or was restarted. */
  readonly lastLog: string | null;
}

/** What one look at podman shows of one deployment. */
export interface Seen {
  readonly containers: readonly SeenContainer[];
  /** Names that the deployment needs and that belong to somebody else. */
  readonly foreignNames: readonly string[];
  readonly network: "ours" | "foreign" | "none";
}

/** podman's zero time: never started, or cut off by a power failure before it could finish. */
export function isZeroTime(text: string): boolean {
  return text === "" || text.startsWith("0001-");
}

/** It runs, whatever its health. */
export function isUp(container: SeenContainer): boolean {
  return container.status === "running" || container.status === "paused";
}

/** On its way down: stopping or being removed. */
export function isLeaving(container: SeenContainer): boolean {
  return container.status === "stopping" || container.status === "removing";
}

/**
 * It never ran to an end: just created, or cut off with the machine (podman 4 then says `created`, podman 5 says
 * `exited` and gives no time of finishing).
 */
export function isFresh(container: SeenContainer): boolean {
  return (
    !isUp(container) && !isLeaving(container) && (isZeroTime(container.finishedAt) || container.status === "created")
  );
}

/** It ran and ended. */
export function isDown(container: SeenContainer): boolean {
  return !isUp(container) && !isLeaving(container) && !isFresh(container);
}

/** It ended and its restart policy says that this is well: its work is done. */
export function isDone(container: SeenContainer): boolean {
  return isDown(container) && container.exitCode === 0 && !startsAgain(container);
}

/** It ended badly and its restart policy says to leave it. */
export function isSpent(container: SeenContainer): boolean {
  return (
    isDown(container) &&
    container.exitCode !== 0 &&
    (container.restartPolicy === "no" || container.restartPolicy === "")
  );
}

function startsAgain({ restartPolicy, exitCode }: SeenContainer): boolean {
  switch (restartPolicy) {
    case "":
    case "no":
      return false;
    case "on-failure":
      return exitCode !== 0;
    default:
      return true;
  }
}
