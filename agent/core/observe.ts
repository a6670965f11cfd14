/** What was seen, written into the state. Nothing is decided here; the same events in any order say the same. */
import type { DeploymentName } from "#schema/names.ts";
import type { Event } from "./event.ts";
import { afterFailure, afterStep } from "./observe-step.ts";
import { healthRan } from "./health.ts";
import { beat, linked, publishFailed, publishedNow, rebuilt, resynced, unseen } from "./observe-reports.ts";
import { reportOf } from "./phase.ts";
import { STEP_PAUSES, nextTrouble } from "./retry.ts";
import { conclude } from "./conclude.ts";
import { digestOf, newLocal, type Local, type State } from "./state.ts";

/** Where an image could not be removed, it is tried again after this. */
const IMAGE_RETRY_MS = 60 * 60_000;
/** The survey is cheap, but podman may be down. */
const SURVEY_RETRY_MS = 1_000;

/** The state after one event. */
export function observe(state: State, event: Event, nowMs: number): State {
  switch (event.kind) {
    case "intent":
      return updated(state, event.deployment, nowMs, (local) => withIntent(local, event.intent), event.intent);
    case "link":
      return linked(state, event.connected);
    case "resynced":
      return resynced(state);
    case "rebuilt":
      return rebuilt(state, nowMs);
    case "stirred":
      return stirred(state, event.deployment, nowMs);
    case "surveyed":
      return surveyed(state, event.deployments, nowMs);
    case "survey-failed":
      return { ...state, surveyAtMs: nowMs + SURVEY_RETRY_MS };
    case "done":
      return updated(state, event.effect.deployment, nowMs, (local) => afterStep(local, event, nowMs));
    case "failed":
      return updated(state, event.effect.deployment, nowMs, (local) => afterFailure(local, event, nowMs));
    case "pulling":
      return updated(state, event.deployment, nowMs, (local) => ({
        ...local,
        pulling: new Set(local.pulling).add(event.image),
      }));
    case "pulled":
      return updated(withPulledImage(state, event), event.deployment, nowMs, (local) => pulled(local, event));
    case "pull-failed":
      return updated(state, event.deployment, nowMs, (local) => pullFailed(local, event, nowMs));
    case "health":
      return updated(state, event.deployment, nowMs, (local) => health(local, event, nowMs));
    case "saved":
      return saved(state, event.deployment, event.record);
    case "save-failed":
      return updated(state, event.deployment, nowMs, (local) => ({
        ...local,
        saveTrouble: nextTrouble(local.saveTrouble, {
          step: "save",
          error: event.error,
          nowMs,
          pauses: STEP_PAUSES,
          salt: local.name,
        }),
      }));
    case "images-saved":
      return { ...state, savedImages: event.text };
    case "image-removed":
      return withoutImage(state, event.image);
    case "image-kept":
      return withImage(state, event.image, nowMs + IMAGE_RETRY_MS);
    case "published":
      return publishedNow(state, event, nowMs);
    case "unseen":
      return unseen(state, event);
    case "publish-failed":
      return publishFailed(state, event, nowMs);
    case "heartbeat":
    case "heartbeat-failed":
      return beat(state, event, nowMs);
    case "info":
      return { ...state, info: { ...state.info, wanted: event.identity } };
  }
}

/** Changes one deployment and draws the conclusions; `intent` makes one that is not known yet. */
function updated(
  state: State,
  name: DeploymentName,
  nowMs: number,
  change: (local: Local) => Local,
  intent?: Local["intent"],
): State {
  const before = state.locals.get(name) ?? (intent === undefined ? undefined : newLocal(name, intent));
  if (before === undefined) return state;
  const after = conclude(change(before), state.settings, nowMs);
  if (after.intent === null && after.seen?.containers.length === 0) return withoutLocal(state, name);
  const report =
    reportOf(after, state.settings, nowMs) ?? (digestOf(after.intent) === after.report?.digest ? after.report : null);
  return withLocal(state, { ...after, report });
}

function withIntent(local: Local, intent: Local["intent"]): Local {
  if (local.intent?.kind === intent?.kind && digestOf(local.intent) === digestOf(intent)) return local;
  return { ...local, intent, gone: false, trouble: null, preflighted: null, looksAsked: local.looksAsked + 1 };
}

function stirred(state: State, name: DeploymentName | null, nowMs: number): State {
  if (name !== null) {
    if (!state.locals.has(name)) return { ...state, surveyAtMs: nowMs };
    return updated(state, name, nowMs, (local) => lookAgain(local, nowMs));
  }
  const names = [...state.locals.keys()];
  const next = names.reduce((each, one) => updated(each, one, nowMs, (local) => lookAgain(local, nowMs)), state);
  return { ...next, surveyAtMs: nowMs };
}

function lookAgain(local: Local, nowMs: number): Local {
  const trouble = local.trouble?.step === "look" ? { ...local.trouble, retryAtMs: nowMs } : local.trouble;
  return { ...local, trouble, looksAsked: local.looksAsked + 1 };
}

function surveyed(state: State, names: readonly DeploymentName[], nowMs: number): State {
  const unknown = names.filter((name) => !state.locals.has(name)).map((name) => newLocal(name, null));
  return { ...unknown.reduce(withLocal, state), surveyAtMs: nowMs + state.settings.resyncIntervalMs };
}

function pulled(local: Local, { digest, image, imageId }: Event & { kind: "pulled" }): Local {
  const pulling = new Set(local.pulling);
  pulling.delete(image);
  if (digestOf(local.intent) !== digest) return { ...local, pulling };
  const ids = local.pulled.digest === digest ? local.pulled.ids : new Map<string, string>();
  const trouble = local.trouble?.step === "pull" ? null : local.trouble;
  return { ...local, pulling, trouble, pulled: { digest, ids: new Map(ids).set(image, imageId) } };
}

function pullFailed(local: Local, { digest, image, problem }: Event & { kind: "pull-failed" }, nowMs: number): Local {
  const pulling = new Set(local.pulling);
  pulling.delete(image);
  if (digestOf(local.intent) !== digest) return { ...local, pulling };
  const trouble = nextTrouble(local.trouble, {
    step: "pull",
    error: problem.error,
    nowMs,
    pauses: STEP_PAUSES,
    salt: local.name,
  });
  return { ...local, pulling, trouble };
}

function health(local: Local, event: Event & { kind: "health" }, nowMs: number): Local {
  const watch = local.watches.get(event.container);
  const container = local.seen?.containers.find(({ id }) => id === event.container);
  // A run that began before the last start says nothing about this one.
  if (
    watch === undefined ||
    container === undefined ||
    container.health === null ||
    watch.startedAt !== event.startedAt
  )
    return local;
  const ran = healthRan(watch, container.health, { healthy: event.healthy, output: event.output, nowMs });
  return { ...local, watches: new Map(local.watches).set(container.id, { ...watch, health: ran }) };
}

function saved(state: State, name: DeploymentName, record: string | null): State {
  const local = state.locals.get(name);
  if (local === undefined) return state;
  const isOver = record === null && local.gone && local.intent?.kind === "remove";
  return isOver ? withoutLocal(state, name) : withLocal(state, { ...local, saved: record, saveTrouble: null });
}

function withPulledImage(state: State, { isNew, imageId, image }: Event & { kind: "pulled" }): State {
  if (!isNew || state.pulledImages.has(imageId)) return state;
  return { ...state, pulledImages: new Map(state.pulledImages).set(imageId, { reference: image, notBeforeMs: 0 }) };
}

function withImage(state: State, image: string, notBeforeMs: number): State {
  const known = state.pulledImages.get(image);
  if (known === undefined) return state;
  return { ...state, pulledImages: new Map(state.pulledImages).set(image, { ...known, notBeforeMs }) };
}

function withoutImage(state: State, image: string): State {
  const pulledImages = new Map(state.pulledImages);
  pulledImages.delete(image);
  return { ...state, pulledImages };
}

function withLocal(state: State, local: Local): State {
  return { ...state, locals: new Map(state.locals).set(local.name, local) };
}

function withoutLocal(state: State, name: DeploymentName): State {
  const locals = new Map(state.locals);
  locals.delete(name);
  return { ...state, locals };
}
