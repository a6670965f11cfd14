/** The gate between a candidate and its name: has it shown that it works? */
import { isDone, isDown, isFresh, isSpent, isUp, type SeenContainer } from "./container.ts";
import { healthOf } from "./health.ts";
import type { CoreSettings, Watch } from "./state.ts";
import { PODMAN_RESTARTS_WITHIN_MS, endText, logText, restartsOf } from "./watch.ts";

/** A candidate may crash this often before it has failed: some programs wait for another one that way. */
export const CANDIDATE_RESTARTS_MAX = 3;
/** How often a candidate is looked at, before and after it has failed with nothing to go back to. */
export const GATE_LOOK_MS = 250;
export const FAILED_LOOK_MS = 2_000;

export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "wait" }
  | { readonly kind: "fail"; readonly error: string };

const WAIT: Verdict = { kind: "wait" };

/** What is to be thought of a started candidate. */
export function judge(container: SeenContainer, watch: Watch, settings: CoreSettings, nowMs: number): Verdict {
  if (isDone(container)) return { kind: "pass" };
  if (watch.error !== null) return fail(watch.error);
  const restarts = restartsOf(watch, container) + watch.starts - 1;
  if (restarts >= CANDIDATE_RESTARTS_MAX) {
    return fail(`${container.service}: ${endText(container)} again and again${logText(container)}`);
  }
  if (isSpent(container)) return fail(`${container.service}: ${endText(container)}${logText(container)}`);
  if (isDown(container)) {
    const downForMs = nowMs - (watch.downSinceMs ?? nowMs);
    return downForMs >= PODMAN_RESTARTS_WITHIN_MS
      ? fail(`${container.service}: ${endText(container)}${logText(container)}`)
      : WAIT;
  }
  if (isFresh(container) || !isUp(container) || watch.upSinceMs === null) return WAIT;
  return judgeUp(container, watch, settings, nowMs - watch.upSinceMs);
}

function judgeUp(container: SeenContainer, watch: Watch, settings: CoreSettings, upForMs: number): Verdict {
  switch (healthOf(container, watch)) {
    case "healthy":
      return { kind: "pass" };
    case "unhealthy":
      return fail(unhealthyText(container, watch));
    case "unknown":
      return WAIT;
    case "none":
      return judgeByTime(container, settings, upForMs);
  }
}

function judgeByTime(container: SeenContainer, settings: CoreSettings, upForMs: number): Verdict {
  if (upForMs < settings.stableForMs) return WAIT;
  const missing = container.listening?.missing ?? [];
  if (missing.length === 0) return { kind: "pass" };
  if (upForMs < settings.startLimitMs) return WAIT;
  const ports = missing.join(", ");
  return fail(
    `${container.service}: nothing listens on its port ${ports} after ${settings.startLimitMs / 1_000} s; correct ports, or give it a health check with a start period`,
  );
}

/** `web: unhealthy: <what the check said>`. */
export function unhealthyText(container: SeenContainer, watch: Watch): string {
  const output =
    watch.health.output === "" ? "its health check failed" : `its health check said: ${watch.health.output}`;
  return `${container.service}: unhealthy; ${output}`;
}

function fail(error: string): Verdict {
  return { kind: "fail", error };
}
