/** What the buckets answered, and what that says about what they have lost. */
import type { Event } from "./event.ts";
import { STEP_PAUSES, nextTrouble } from "./retry.ts";
import { IN_DOUBT, type Local, type Published, type State } from "./state.ts";

/**
 * How often one key is offered again, to notice a bucket that was wiped in silence while connected. An offer is a kilobyte
 * each time, a heartbeat a third of one; and a bucket that is made anew is heard of by other ways within seconds.
 */
export const PROBE_INTERVAL_MS = 3_600_000;
/** So many heartbeats in a row over somebody else's are no accident. */
export const RIVALRIES_MIN = 2;
const RIVALRIES_MAX = 4;

/** The connection is there again or lost: while it was, the buckets may have lost anything. */
export function linked(state: State, connected: boolean): State {
  return connected ? { ...lost(state), connected, replayDue: true } : { ...state, connected };
}

/**
 * The desired state was read from its beginning. Where the connection was lost that had to be, and everything was offered
 * when it came back; what failed because a bucket was still missing need not wait. Else something else happened.
 */
export function resynced(state: State): State {
  return state.replayDue ? { ...untroubledAll(state), replayDue: false } : lost(state);
}

/** The buckets may have lost something: everything is to be offered again, without waiting for what failed before. */
function lost(state: State): State {
  return { ...untroubledAll(state), epoch: state.epoch + 1 };
}

function untroubledAll(state: State): State {
  const locals = [...state.locals].map(
    ([name, local]) => [name, { ...local, published: untroubled(local.published) }] as const,
  );
  const info = { ...state.info, published: untroubled(state.info.published) };
  return { ...state, locals: new Map(locals), info };
}

/** Something is known to be lost. The heartbeat may be, too, and without one a device counts as offline. */
export function rebuilt(state: State, nowMs: number): State {
  return { ...lost(state), heartbeat: { ...state.heartbeat, dueAtMs: Math.min(state.heartbeat.dueAtMs, nowMs) } };
}

/**
 * The buckets are those of an earlier day, as an old backup is: what they hold of this device may be long over, and an
 * offer would leave it there. So everything is written again, whatever was acknowledged.
 */
function setBack(state: State): State {
  const untold = (published: Published): Published => ({ ...published, acknowledged: null });
  const { info, locals, ...rest } = lost(state);
  return {
    ...rest,
    info: { ...info, published: untold(info.published) },
    locals: new Map([...locals].map(([name, local]) => [name, { ...local, published: untold(local.published) }])),
  };
}

// What failed while a bucket was missing says nothing about the new one.
function untroubled(published: Published): Published {
  return { ...published, trouble: null };
}

/** A key was written, or was found to say the same. */
export function publishedNow(
  state: State,
  { deployment, identity, epoch, lacked }: Event & { kind: "published" },
  nowMs: number,
): State {
  // What was sent before the loss was noticed says nothing new about it.
  const isNews = lacked && epoch === state.epoch;
  const next = isNews ? rebuilt(state, nowMs) : state;
  return withPublished(next, deployment, (published) => ({
    // An offer from before the buckets were found to be set back was refused by what is over now: it told nothing.
    acknowledged: published.acknowledged === null && epoch < state.epoch ? null : identity,
    epoch: isNews ? next.epoch : epoch,
    trouble: null,
  }));
}

/**
 * Something stands there, and nobody can tell what. Where it was told in this life of the agent, it is that; where there is
 * doubt, it is written.
 */
export function unseen(state: State, { deployment, epoch }: Event & { kind: "unseen" }): State {
  return withPublished(state, deployment, (published) => ({
    acknowledged: published.epoch === IN_DOUBT ? null : published.acknowledged,
    epoch,
    trouble: null,
  }));
}

/** It may have got there all the same, so that what was acknowledged before may be over. */
export function publishFailed(
  state: State,
  { deployment, error }: Event & { kind: "publish-failed" },
  nowMs: number,
): State {
  const salt = `${state.settings.device} ${deployment ?? "info"}`;
  return withPublished(state, deployment, (published) => ({
    ...doubted(published),
    trouble: nextTrouble(published.trouble, { step: "publish", error, nowMs, pauses: STEP_PAUSES, salt }),
  }));
}

/** A heartbeat was written or not; its revision tells whether its bucket began anew. */
export function beat(state: State, event: Event & { kind: "heartbeat" | "heartbeat-failed" }, nowMs: number): State {
  const dueAtMs = nowMs + state.settings.heartbeatIntervalMs;
  if (event.kind === "heartbeat-failed") {
    const retryAtMs = nowMs + Math.min(state.settings.heartbeatIntervalMs, STEP_PAUSES.baseMs * 5);
    return { ...state, heartbeat: { ...state.heartbeat, dueAtMs: retryAtMs, failed: true } };
  }
  const { revision, failed, rivalries } = state.heartbeat;
  const wentBack = revision !== null && event.revision <= revision;
  const rivals =
    event.rival && !failed && !wentBack ? Math.min(RIVALRIES_MAX, rivalries + 1) : Math.max(0, rivalries - 1);
  const heartbeat = { dueAtMs, revision: event.revision, failed: false, rivalries: rivals };
  const told = wentBack ? setBack(state) : failed ? lost(state) : state;
  return probed({ ...told, heartbeat }, nowMs);
}

/** True while another agent writes the same heartbeat. */
export function hasRival({ heartbeat }: State): boolean {
  return heartbeat.rivalries >= RIVALRIES_MIN;
}

function probed(state: State, nowMs: number): State {
  if (nowMs < state.probeAtMs) return state;
  // Device-info has its turn like each state.
  const keys = [null, ...state.locals.keys()];
  const key = keys[Math.floor(nowMs / PROBE_INTERVAL_MS) % keys.length] ?? null;
  return withPublished({ ...state, probeAtMs: nowMs + PROBE_INTERVAL_MS }, key, doubted);
}

function doubted(published: Published): Published {
  return { ...published, epoch: IN_DOUBT };
}

function withPublished(
  state: State,
  deployment: Local["name"] | null,
  change: (published: Published) => Published,
): State {
  if (deployment === null) return { ...state, info: { ...state.info, published: change(state.info.published) } };
  const local = state.locals.get(deployment);
  if (local === undefined) return state;
  return { ...state, locals: new Map(state.locals).set(deployment, { ...local, published: change(local.published) }) };
}
