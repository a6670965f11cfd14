/** What is reported about a deployment: the phase that follows from its stage. */
import { isDone, isSpent, isUp, type SeenContainer } from "./container.ts";
import { unhealthyText } from "./gate.ts";
import { healthOf } from "./health.ts";
import { oneLine } from "./one-line.ts";
import { stageOf, watchOf, type Stage } from "./stage.ts";
import { digestOf, type CoreSettings, type Local, type Report } from "./state.ts";
import { endText, logText } from "./watch.ts";

// podman may come up later than the agent; only after some tries is its silence worth a report.
const BLIND_TRIES = 5;

/** The report of one deployment, or null while there is nothing new to say. */
export function reportOf(local: Local, settings: CoreSettings, nowMs: number): Report | null {
  const digest = digestOf(local.intent);
  if (digest === null) return null;
  const standing = standingOf(local, stageOf(local, settings, nowMs));
  switch (standing.kind) {
    case "silent":
      return null;
    case "pending":
      // While something is tried again, the last failure is what a person needs to know.
      return local.trouble === null
        ? { phase: "Pending", error: null, digest }
        : { phase: "Failed", error: oneLine(local.trouble.error), digest };
    case "running":
      return { phase: "Running", error: null, digest };
    case "failed":
      return { phase: "Failed", error: oneLine(standing.error), digest };
  }
}

type Standing =
  | { readonly kind: "silent" }
  | { readonly kind: "pending" }
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly error: string };

const PENDING: Standing = { kind: "pending" };

function standingOf(local: Local, stage: Stage): Standing {
  switch (stage.kind) {
    case "blind":
      return (local.trouble?.attempt ?? 0) < BLIND_TRIES ? { kind: "silent" } : PENDING;
    case "remove":
      return { kind: "silent" };
    case "keep":
      return stage.error === null ? { kind: "silent" } : { kind: "failed", error: stage.error };
    case "rolled-back":
      return rolledBackStanding(local, stage);
    case "settled":
      return servingOf(local, stage.mains);
    case "prepare":
    case "swap":
      return clashOf(local) ?? PENDING;
    case "gate":
      if (stage.outcome.kind === "failed")
        return { kind: "failed", error: `${stage.outcome.error}; ${seeLogs(local)}` };
      // A new try of what has failed is no news until it works.
      return local.report?.phase === "Failed" && local.report.digest === digestOf(local.intent)
        ? { kind: "silent" }
        : PENDING;
    case "commit":
      return PENDING;
  }
}

function rolledBackStanding(local: Local, { rolledBack, mains, nexts }: Stage & { kind: "rolled-back" }): Standing {
  const serving = servingOf(local, mains);
  switch (serving.kind) {
    case "failed":
      return {
        kind: "failed",
        error: `${rolledBack.error}; rolled back, but the version before does not run either: ${serving.error}`,
      };
    case "running":
      if (nexts.length > 0) return PENDING;
      return {
        kind: "failed",
        error: `${rolledBack.error}; rolled back: the version before keeps serving until a better one is committed`,
      };
    case "pending":
    case "silent":
      return serving;
  }
}

function servingOf(local: Local, mains: readonly SeenContainer[]): Standing {
  const standings = mains.map((container) => containerStanding(local, container));
  return (
    standings.find(({ kind }) => kind === "failed") ??
    standings.find(({ kind }) => kind === "pending") ??
    standings.find(({ kind }) => kind === "silent") ?? { kind: "running" }
  );
}

function containerStanding(local: Local, container: SeenContainer): Standing {
  const watch = watchOf(local, container);
  if (watch.error !== null)
    return { kind: "failed", error: `${watch.error}; it is started again with growing pauses, ${seeLogs(local)}` };
  if (isDone(container)) return { kind: "running" };
  if (isSpent(container))
    return {
      kind: "failed",
      error: `${container.service}: ${endText(container)}${logText(container)}; its restart_policy is "no", ${seeLogs(local)}`,
    };
  if (!isUp(container)) return PENDING;
  switch (healthOf(container, watch)) {
    case "none":
    case "healthy":
      return { kind: "running" };
    case "unhealthy":
      return { kind: "failed", error: `${unhealthyText(container, watch)}; ${seeLogs(local)}` };
    case "unknown":
      // Before its first check nobody knows how it is; after one that failed, it is not there yet.
      return watch.health.ranAtMs === null ? { kind: "silent" } : PENDING;
  }
}

function seeLogs({ name }: Local): string {
  return `see gitfleet agent logs ${name} on the device`;
}

/** Somebody else's container or network has a name that is needed: only a person may decide. */
export function clashOf(local: Local): { kind: "failed"; error: string } | null {
  const name = local.seen?.foreignNames[0];
  if (name !== undefined) {
    return {
      kind: "failed",
      error: `a container named ${name} exists that this agent did not create, it is left alone; rename or remove it (podman rename ${name} NEW) and this goes on by itself`,
    };
  }
  if (local.seen?.network !== "foreign") return null;
  return {
    kind: "failed",
    error: `a network that this agent did not create has the name that ${local.name} needs; remove it (podman network rm) and this goes on by itself`,
  };
}
