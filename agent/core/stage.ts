/** Where a deployment stands on its way to what is wanted. What to do and what to report both follow from it. */
import { isFresh, isLeaving, isUp, type SeenContainer } from "./container.ts";
import { judge } from "./gate.ts";
import type { ServiceSpec } from "./intent.ts";
import { candidateName, mainName } from "./names.ts";
import type { CoreSettings, Local, RolledBack, Watch } from "./state.ts";
import { isFlapping } from "./watch.ts";

export type Stage =
  /** Not looked at yet. */
  | { readonly kind: "blind" }
  /** A delete marker: everything of ours goes. */
  | { readonly kind: "remove"; readonly containers: readonly SeenContainer[] }
  /** Nobody says what is wanted, or it cannot be followed: what serves is kept. */
  | { readonly kind: "keep"; readonly error: string | null; readonly mains: readonly SeenContainer[] }
  /** It failed after the swap: the version before serves until the next try. */
  | {
      readonly kind: "rolled-back";
      readonly rolledBack: RolledBack;
      readonly mains: readonly SeenContainer[];
      readonly nexts: readonly SeenContainer[];
    }
  /** What is wanted is there; leftovers are to be removed. */
  | { readonly kind: "settled"; readonly mains: readonly SeenContainer[]; readonly leftovers: readonly SeenContainer[] }
  /** Candidates are still to be made, while the old version serves. */
  | {
      readonly kind: "prepare";
      readonly missing: readonly ServiceSpec[];
      readonly stale: readonly SeenContainer[];
      readonly mains: readonly SeenContainer[];
    }
  /** Every candidate exists: old ones stop, candidates start. */
  | {
      readonly kind: "swap";
      readonly stop: readonly SeenContainer[];
      readonly start: readonly SeenContainer[];
      readonly old: readonly SeenContainer[];
      readonly kept: readonly SeenContainer[];
    }
  /** Candidates show whether they work. `failed` only where no old version could come back. */
  | {
      readonly kind: "gate";
      readonly candidates: readonly SeenContainer[];
      readonly old: readonly SeenContainer[];
      readonly kept: readonly SeenContainer[];
      readonly outcome: Outcome;
    }
  /** They do: old ones are removed, names are given. */
  | { readonly kind: "commit"; readonly candidates: readonly SeenContainer[]; readonly old: readonly SeenContainer[] };

export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "waiting" }
  | { readonly kind: "failed"; readonly error: string };

/** The stage of one deployment, by what was seen of it. */
export function stageOf(local: Local, settings: CoreSettings, nowMs: number): Stage {
  const { seen, intent } = local;
  if (seen === null) return { kind: "blind" };
  const mains = seen.containers.filter(({ slot }) => slot === "main");
  if (intent === null) return { kind: "keep", error: null, mains };
  switch (intent.kind) {
    case "remove":
      return { kind: "remove", containers: seen.containers };
    case "refused":
      return { kind: "keep", error: intent.error, mains };
    case "run":
      return runStage(
        local,
        { seen: seen.containers, mains, digest: intent.digest, services: intent.services },
        settings,
        nowMs,
      );
  }
}

interface Run {
  readonly seen: readonly SeenContainer[];
  readonly mains: readonly SeenContainer[];
  readonly digest: string;
  readonly services: readonly ServiceSpec[];
}

function runStage(local: Local, run: Run, settings: CoreSettings, nowMs: number): Stage {
  const { seen, mains, services } = run;
  const nexts = seen.filter(({ slot }) => slot === "next");
  const changed = services.filter(
    ({ name, hash }) => !mains.some((main) => main.service === name && main.hash === hash),
  );
  const kept = mains.filter(({ service, hash }) =>
    services.some((spec) => spec.name === service && spec.hash === hash),
  );
  const old = mains.filter((main) => !kept.includes(main));
  if (changed.length === 0 && old.length === 0) {
    return { kind: "settled", mains, leftovers: seen.filter(({ slot }) => slot !== "main") };
  }
  if (rolledBackNow(local, run, nowMs)) return { kind: "rolled-back", rolledBack: local.rolledBack!, mains, nexts };
  const candidates = nexts.filter(({ service, hash }) =>
    changed.some((spec) => spec.name === service && spec.hash === hash),
  );
  const missing = changed.filter((spec) => !candidates.some(({ service }) => service === spec.name));
  const stale = seen.filter((one) => one.slot !== "main" && !candidates.includes(one));
  if (missing.length > 0 || stale.length > 0) return { kind: "prepare", missing, stale, mains };
  return swapStage(local, { ...run, candidates, old, kept }, settings, nowMs);
}

function rolledBackNow({ rolledBack }: Local, { mains, digest }: Run, nowMs: number): boolean {
  return rolledBack !== null && rolledBack.digest === digest && nowMs < rolledBack.retryAtMs && mains.length > 0;
}

interface Swap extends Run {
  readonly candidates: readonly SeenContainer[];
  readonly old: readonly SeenContainer[];
  readonly kept: readonly SeenContainer[];
}

function swapStage(local: Local, swap: Swap, settings: CoreSettings, nowMs: number): Stage {
  const { candidates, old, kept } = swap;
  const stop = old.filter(
    (container) => isUp(container) || isLeaving(container) || isFlapping(container, watchOf(local, container), nowMs),
  );
  // Where nothing old is to be stopped, a candidate that does not start is the business of the crash guard.
  const start = candidates.filter(isFresh);
  const accepted = local.accepted === swap.digest;
  if (stop.length > 0 || (start.length > 0 && (old.length > 0 || accepted)))
    return { kind: "swap", stop, start, old, kept };
  if (accepted) return { kind: "commit", candidates, old };
  return { kind: "gate", candidates, old, kept, outcome: outcomeOf(local, candidates, settings, nowMs) };
}

function outcomeOf(local: Local, candidates: readonly SeenContainer[], settings: CoreSettings, nowMs: number): Outcome {
  const verdicts = candidates.map((container) => judge(container, watchOf(local, container), settings, nowMs));
  const failed = verdicts.find((verdict) => verdict.kind === "fail");
  if (failed !== undefined) return { kind: "failed", error: failed.error };
  return { kind: verdicts.every(({ kind }) => kind === "pass") ? "passed" : "waiting" };
}

/** What is remembered of a container; everything seen is watched. */
export function watchOf(local: Local, container: SeenContainer): Watch {
  const watch = local.watches.get(container.id);
  if (watch === undefined) throw new Error(`${container.name} was seen but is not watched`);
  return watch;
}

/** Every name that a deployment needs in podman: what `look` compares with the names of others. */
export function neededNames(local: Local): string[] {
  if (local.intent?.kind !== "run") return [];
  return local.intent.services.flatMap(({ name }) => [mainName(local.name, name), candidateName(local.name, name)]);
}
