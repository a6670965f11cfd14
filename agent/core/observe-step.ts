/** What a finished or failed step on a deployment says about it. */
import type { Seen } from "./container.ts";
import type { Event } from "./event.ts";
import { START_PAUSES, STEP_PAUSES, UNREACHABLE_PAUSES, nextTrouble } from "./retry.ts";
import { rolledBackAfter } from "./conclude.ts";
import type { Local, Watch } from "./state.ts";
import { resting, startedByAgent, watched } from "./watch.ts";

/** A step is done; `seen` is how things are after it. */
export function afterStep(local: Local, { effect, seen }: Event & { kind: "done" }, nowMs: number): Local {
  const trouble = local.trouble?.step === effect.kind ? null : local.trouble;
  const done = { ...local, trouble };
  switch (effect.kind) {
    case "look":
      return seen === null
        ? done
        : looked({ ...done, looksDone: Math.max(local.looksDone, effect.asked) }, seen, nowMs);
    case "start":
      return fresh(
        withWatch(done, effect.target.id, (watch) => startedByAgent(watch, nowMs)),
        seen,
        nowMs,
      );
    case "preflight":
      return fresh({ ...done, preflighted: effect.digest }, seen, nowMs);
    case "remove-network":
      return { ...done, gone: local.intent?.kind === "remove" && (seen ?? local.seen)?.containers.length === 0 };
    case "create":
    case "stop":
    case "remove":
    case "rename":
      return fresh(done, seen, nowMs);
  }
}

/** A step has failed: what it says about the version, or only about podman. */
export function afterFailure(
  before: Local,
  { effect, problem, seen }: Event & { kind: "failed" },
  nowMs: number,
): Local {
  const salt = before.name;
  if (problem.kind === "unreachable") {
    const trouble = nextTrouble(before.trouble, {
      step: "look",
      error: problem.error,
      nowMs,
      pauses: UNREACHABLE_PAUSES,
      salt,
    });
    return { ...before, trouble, looksAsked: before.looksAsked + 1 };
  }
  const local = fresh(before, seen, nowMs);
  if (effect.kind === "start") {
    const rest = { error: problem.error, salt: effect.target.name, nowMs, pauses: START_PAUSES };
    const rested = withWatch(local, effect.target.id, (watch) => resting(watch, rest));
    return effect.candidate ? rolledBackAfter(rested, problem.error, nowMs) : rested;
  }
  const trouble = nextTrouble(before.trouble, {
    step: effect.kind,
    error: problem.error,
    nowMs,
    pauses: STEP_PAUSES,
    salt,
  });
  // Somebody removed the image between pull and create.
  const pulled = problem.kind === "image-missing" ? { digest: "", ids: new Map<string, string>() } : local.pulled;
  return { ...local, trouble, pulled };
}

/** What one look shows. */
export function looked(local: Local, seen: Seen, nowMs: number): Local {
  const watches = new Map(
    seen.containers.map((container) => [container.id, watched(local.watches.get(container.id), container, nowMs)]),
  );
  return { ...local, seen, watches, lookedAtMs: nowMs };
}

function fresh(local: Local, seen: Seen | null, nowMs: number): Local {
  if (seen === null) return { ...local, looksAsked: local.looksAsked + 1 };
  // Only a full look compares names.
  return looked(local, { ...seen, foreignNames: local.seen?.foreignNames ?? [] }, nowMs);
}

function withWatch(local: Local, id: string, change: (watch: Watch) => Watch): Local {
  const watch = local.watches.get(id);
  return watch === undefined ? local : { ...local, watches: new Map(local.watches).set(id, change(watch)) };
}
