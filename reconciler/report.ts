/** What the reconciler says about itself: health, readiness, and a line in the log whenever its stance changes. */
import type { Check } from "#runtime/health-server.ts";
import type { Logger } from "#runtime/logger.ts";
import { markersAllowed, stanceOf, type Stance } from "./core/stance.ts";
import type { State } from "./core/state.ts";

/** Facts for `/healthz`; a reconciler that waits is well. */
export function healthOf(state: State): Check {
  const stance = stanceOf(state);
  return {
    ok: true,
    role: state.leaseHeld ? "writer" : "standby",
    stance: stance.kind,
    reason: reasonOf(stance),
    head: state.git.head,
    applied: state.record?.applied ?? null,
    git: state.git.trouble?.message ?? "readable",
    writes: state.writesTrouble ?? "working",
    markers: markersText(state, stance),
  };
}

/** Ready: caught up with NATS and with git once, writing or standing by. */
export function readinessOf(state: State): Check {
  const stance = stanceOf(state);
  const synced = Object.values(state.synced).every(Boolean);
  return {
    ...healthOf(state),
    ok: synced && state.git.asked && stance.kind !== "wait" && stance.kind !== "foreign-fleet",
  };
}

function markersText(state: State, stance: Stance): string {
  if (stance.kind !== "pursue" || markersAllowed(state, stance.target, stance.approved)) return "working";
  const count = stance.target.open.mark;
  return `held: ${count} of ${state.holdings.states} deployments that run would be stopped`;
}

function reasonOf(stance: Stance): string {
  switch (stance.kind) {
    case "pursue":
      return stance.refused === null ? "" : `head is refused (${stance.refused.reason}): ${stance.refused.message}`;
    case "refuse":
      return stance.reason === stance.refused.message ? stance.reason : `${stance.refused.message}; ${stance.reason}`;
    case "foreign-fleet":
      return `the buckets belong to the fleet ${stance.name}, this repository is ${stance.own}; use another --bucket-prefix`;
    case "wait":
      return stance.reason;
  }
}

/** Logs each change of what is pursued, refused or waited for, once. */
export function stanceLogger(logger: Logger): (state: State) => void {
  const told = new Map<string, string>();
  const changed = (topic: string, text: string): boolean => {
    if (told.get(topic) === text) return false;
    told.set(topic, text);
    return true;
  };
  return (state) => {
    const stance = stanceOf(state);
    const { trouble } = state.git;
    if (changed("lease", state.leaseReason))
      logger.info({ writer: state.leaseHeld, reason: state.leaseReason }, "lease");
    if (changed("git", trouble?.message ?? "")) {
      if (trouble === null) logger.info("the repository can be read");
      else logger.warn({ kind: trouble.reason, reason: trouble.message }, "the repository cannot be read");
    }
    if (changed("stance", stanceText(stance))) logStance(logger, stance);
    const applied = state.record?.applied ?? null;
    if (state.synced["desired-state"] && changed("applied", applied ?? "") && applied !== null) {
      logger.info({ commit: applied, keys: state.holdings.values }, "applied");
    }
    if (state.writesTrouble !== null && changed("writes", state.writesTrouble)) {
      logger.warn({ reason: state.writesTrouble }, "cannot write to NATS, trying again");
    }
    const markers = markersText(state, stance);
    if (changed("markers", markers) && markers !== "working") logger.warn({ reason: markers }, "markers are held back");
  };
}

function stanceText(stance: Stance): string {
  return `${stance.kind} ${stance.kind === "pursue" ? stance.target.commit : ""} ${reasonOf(stance)}`;
}

function logStance(logger: Logger, stance: Stance): void {
  switch (stance.kind) {
    case "pursue": {
      const { target, approved, refused } = stance;
      const { add, update, remove } = target.open;
      const counts = { added: add, updated: update, removed: remove };
      if (refused !== null) logger.warn({ ...refused, keeping: target.commit }, "head is refused");
      else logger.info({ commit: target.commit, approved, ...counts }, "pursuing a commit");
      break;
    }
    case "refuse":
      logger.warn({ ...stance.refused, detail: stance.reason }, "head is refused and nothing is written");
      break;
    case "foreign-fleet":
      logger.error({ code: "foreign-fleet", fleet: stance.name, own: stance.own }, reasonOf(stance));
      break;
    case "wait":
      logger.debug({ reason: stance.reason }, "waiting");
      break;
  }
}
