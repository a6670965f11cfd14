/** The next steps of one deployment: read off its stage, never off what just happened. */
import type { SeenContainer } from "./container.ts";
import type { Effect } from "./effect.ts";
import { FAILED_LOOK_MS, GATE_LOOK_MS } from "./gate.ts";
import { healthDueMs } from "./health.ts";
import type { ServiceSpec } from "./intent.ts";
import { candidateName, mainName } from "./names.ts";
import { NOTHING, together, wakeAt, type Next } from "./next.ts";
import { clashOf } from "./phase.ts";
import { stageOf, watchOf, type Stage } from "./stage.ts";
import type { CoreSettings, Local } from "./state.ts";
import { look, pull, pullKey, removeAll, runDigest, start, stepKey, stop, targetOf } from "./steps.ts";
import { keeping } from "./watch.ts";

/** The next steps of one deployment. */
export function converge(local: Local, settings: CoreSettings, nowMs: number): Next {
  if (local.gone) return NOTHING;
  const waits = local.trouble !== null && local.trouble.retryAtMs > nowMs ? local.trouble.retryAtMs : null;
  if (local.seen === null || local.looksDone < local.looksAsked) {
    return local.trouble?.step === "look" && waits !== null
      ? wakeAt(waits)
      : { effects: [look(local)], wakeAtMs: null };
  }
  const stage = stageOf(local, settings, nowMs);
  const all = [
    stepsOf(local, stage, { waits, nowMs }),
    aborts(local, stage),
    healthChecks(local, local.seen.containers, nowMs),
    resync(local, settings, nowMs),
    rollBackEnds(local, nowMs),
  ];
  return together(...all);
}

interface When {
  /** Forward steps wait until then after a failure; what keeps the old version going does not. */
  readonly waits: number | null;
  readonly nowMs: number;
}

function stepsOf(local: Local, stage: Stage, when: When): Next {
  switch (stage.kind) {
    case "blind":
      return NOTHING;
    case "remove":
      return forward(when, removal(local, stage.containers));
    case "keep":
      return keep(local, stage.mains, when);
    case "rolled-back":
      return rollBack(local, stage, when);
    case "settled":
      return together(keep(local, stage.mains, when), forward(when, removeAll(local, stage.leftovers, "left over")));
    case "prepare":
      // A superseded candidate may hold the port that the old version needs back.
      return together(
        { effects: removeAll(local, stage.stale, "of a version that is no longer wanted"), wakeAtMs: null },
        keep(local, stage.mains, when),
        forward(when, prepare(local, stage)),
      );
    case "swap":
      return together(keep(local, stage.kept, when), forward(when, swap(local, stage)));
    case "gate":
      return together(keep(local, stage.kept, when), gate(local, stage, when));
    case "commit":
      return together(keep(local, stage.candidates, when), forward(when, commit(local, stage)));
  }
}

function forward({ waits }: When, effects: readonly Effect[]): Next {
  if (waits !== null) return wakeAt(waits);
  return { effects, wakeAtMs: null };
}

/** Starts what is down, stops what crashes too often. */
function keep(local: Local, containers: readonly SeenContainer[], { nowMs }: When): Next {
  return together(
    ...containers.map((container): Next => {
      const keeps = keeping(container, watchOf(local, container), nowMs);
      switch (keeps.kind) {
        case "well":
          return NOTHING;
        case "start":
          return { effects: [start(local, container)], wakeAtMs: null };
        case "stop":
          return { effects: [stop(local, [container], "it crashes again and again")], wakeAtMs: null };
        case "wait":
          return keeps.untilMs === null || keeps.untilMs > nowMs
            ? { effects: [], wakeAtMs: keeps.untilMs }
            : { effects: [look(local)], wakeAtMs: null };
      }
    }),
  );
}

function removal(local: Local, containers: readonly SeenContainer[]): Effect[] {
  if (containers.length > 0) return removeAll(local, containers, "no longer wanted");
  return [{ kind: "remove-network", key: stepKey(local), deployment: local.name }];
}

// Failed candidates go first, whatever their state: podman may be about to restart one, on the same port.
function rollBack(local: Local, { mains, nexts }: Stage & { kind: "rolled-back" }, when: When): Next {
  if (nexts.length > 0)
    return { effects: removeAll(local, nexts, "it failed; the version before comes back"), wakeAtMs: null };
  return keep(local, mains, when);
}

function prepare(local: Local, { missing }: Stage & { kind: "prepare" }): Effect[] {
  if (clashOf(local) !== null) return [];
  const pulls = missing.filter((spec) => !isPulled(local, spec)).map((spec) => pull(local, spec));
  const first = missing[0];
  if (pulls.length > 0 || first === undefined) return pulls;
  return [
    {
      kind: "create",
      key: stepKey(local),
      deployment: local.name,
      spec: first,
      name: candidateName(local.name, first.name),
    },
  ];
}

/** Pulls that nobody waits for any more. */
function aborts(local: Local, stage: Stage): Next {
  const wanted = new Set(stage.kind === "prepare" ? stage.missing.map(({ service }) => service.image) : []);
  const effects = [...local.pulling]
    .filter((image) => !wanted.has(image))
    .map((image): Effect => ({
      kind: "abort-pull",
      key: `abort ${pullKey(local, image)}`,
      deployment: local.name,
      image,
    }));
  return { effects, wakeAtMs: null };
}

function swap(local: Local, stage: Stage & { kind: "swap" }): Effect[] {
  if (clashOf(local) !== null) return [];
  const digest = runDigest(local);
  if (stage.stop.length === 0) return stage.start.slice(0, 1).map((container) => start(local, container));
  if (local.preflighted === digest) return [stop(local, stage.stop, "the next version takes over")];
  const ports =
    local.intent?.kind === "run"
      ? local.intent.services.flatMap(({ service }) => (service.network === "host" ? [] : (service.ports ?? [])))
      : [];
  const old = [...stage.old, ...stage.kept].map(targetOf);
  return [{ kind: "preflight", key: stepKey(local), deployment: local.name, digest, ports, old }];
}

function gate(local: Local, { candidates, outcome }: Stage & { kind: "gate" }, when: When): Next {
  if (when.waits !== null) return wakeAt(when.waits);
  const kept = keep(local, candidates, when);
  const lookAtMs = local.lookedAtMs + (outcome.kind === "failed" ? FAILED_LOOK_MS : GATE_LOOK_MS);
  return together(kept, when.nowMs >= lookAtMs ? { effects: [look(local)], wakeAtMs: null } : wakeAt(lookAtMs));
}

function commit(local: Local, { candidates, old }: Stage & { kind: "commit" }): Effect[] {
  if (old.length > 0) return removeAll(local, old, "the next version serves");
  return candidates.slice(0, 1).map((container) => ({
    kind: "rename",
    key: stepKey(local),
    deployment: local.name,
    target: targetOf(container),
    name: mainName(local.name, container.service),
  }));
}

function healthChecks(local: Local, containers: readonly SeenContainer[], nowMs: number): Next {
  return together(
    ...containers.map((container): Next => {
      const watch = watchOf(local, container);
      const dueMs = healthDueMs(container, watch);
      if (dueMs === null || container.health === null) return NOTHING;
      if (dueMs > nowMs) return wakeAt(dueMs);
      const { timeoutMs } = container.health;
      const key = `health ${container.id}`;
      return {
        effects: [
          {
            kind: "check-health",
            key,
            deployment: local.name,
            target: targetOf(container),
            startedAt: container.startedAt,
            timeoutMs,
          },
        ],
        wakeAtMs: null,
      };
    }),
  );
}

function resync(local: Local, settings: CoreSettings, nowMs: number): Next {
  const dueMs = local.lookedAtMs + settings.resyncIntervalMs;
  return nowMs >= dueMs ? { effects: [look(local)], wakeAtMs: null } : wakeAt(dueMs);
}

function rollBackEnds(local: Local, nowMs: number): Next {
  const atMs = local.rolledBack?.retryAtMs ?? 0;
  return atMs > nowMs ? wakeAt(atMs) : NOTHING;
}

function isPulled(local: Local, { service }: ServiceSpec): boolean {
  return local.pulled.digest === runDigest(local) && local.pulled.ids.has(service.image);
}
