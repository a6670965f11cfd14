/** What is still missing on this device: read off the state, whatever the order in which it came about. */
import type { Decision } from "#runtime/loop.ts";
import { converge } from "./converge.ts";
import type { Effect } from "./effect.ts";
import { hygiene } from "./hygiene.ts";
import { together, type Next } from "./next.ts";
import { recordText } from "./record.ts";
import { publish } from "./reports.ts";
import type { Local, State } from "./state.ts";

/** All effects that may run now (the loop runs one per key) and when to decide again though nothing happened. */
export function decide(state: State, nowMs: number): Decision<Effect> {
  const locals = [...state.locals.values()];
  return together(
    survey(state, nowMs),
    ...locals.map((local) => save(state, local, nowMs)),
    ...locals.map((local) => converge(local, state.settings, nowMs)),
    publish(state, nowMs),
    hygiene(state, nowMs),
  );
}

function survey({ surveyAtMs }: State, nowMs: number): Next {
  if (nowMs < surveyAtMs) return { effects: [], wakeAtMs: surveyAtMs };
  return { effects: [{ kind: "survey", key: "survey" }], wakeAtMs: null };
}

function save({ settings }: State, local: Local, nowMs: number): Next {
  const record = recordText(settings.device, local);
  if (record === local.saved) return { effects: [], wakeAtMs: null };
  const retryAtMs = local.saveTrouble?.retryAtMs ?? 0;
  if (retryAtMs > nowMs) return { effects: [], wakeAtMs: retryAtMs };
  return { effects: [{ kind: "save", key: `disk ${local.name}`, deployment: local.name, record }], wakeAtMs: null };
}
