/** Health checks are run by the agent: without systemd podman never runs them. These are the rules of counting. */
import { isUp, type HealthSettings, type SeenContainer } from "./container.ts";
import type { HealthWatch, Watch } from "./state.ts";

/** Until it was healthy once, a check is run this often, so that a good start is seen soon. */
const EAGER_INTERVAL_MS = 1_000;

/** `none`: it has no check. `unknown`: it has not answered well yet, but may still. */
export type Health = "none" | "unknown" | "healthy" | "unhealthy";

/** How a container is, by what its check said since its last start. */
export function healthOf(container: SeenContainer, { health }: Watch): Health {
  if (container.health === null) return "none";
  if (health.streak >= container.health.retries) return "unhealthy";
  return health.everHealthy ? "healthy" : "unknown";
}

/** When its check is to be run next; null where it has none or is not up. */
export function healthDueMs(container: SeenContainer, watch: Watch): number | null {
  if (container.health === null || !isUp(container) || watch.upSinceMs === null) return null;
  const { ranAtMs, everHealthy } = watch.health;
  if (ranAtMs === null) return watch.upSinceMs;
  const intervalMs = everHealthy
    ? container.health.intervalMs
    : Math.min(EAGER_INTERVAL_MS, container.health.intervalMs);
  return ranAtMs + intervalMs;
}

/** What is remembered after a run. Failures count at most once per interval, and not within the start period. */
export function healthRan(
  watch: Watch,
  settings: HealthSettings,
  run: { readonly healthy: boolean; readonly output: string; readonly nowMs: number },
): HealthWatch {
  const { healthy, output, nowMs } = run;
  if (healthy) return { ranAtMs: nowMs, everHealthy: true, streak: 0, countedAtMs: null, output: "" };
  const before = watch.health;
  const failed = { ...before, ranAtMs: nowMs, output };
  const countsFromMs = (watch.upSinceMs ?? nowMs) + settings.startPeriodMs;
  const dueMs = before.everHealthy
    ? 0
    : Math.max(countsFromMs, before.countedAtMs ?? countsFromMs) + settings.intervalMs;
  return nowMs < dueMs ? failed : { ...failed, streak: before.streak + 1, countedAtMs: nowMs };
}
