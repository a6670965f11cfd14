/** What the buckets should say of this device, and what is still to be sent. Nothing is queued: the latest counts. */
import type { Effect } from "./effect.ts";
import { together, type Next } from "./next.ts";
import { hasRival } from "./observe-reports.ts";
import { IN_DOUBT, type Local, type Published, type Report, type State, type Trouble } from "./state.ts";

/** Equal text means that nothing new is to be written. */
export function reportIdentity(report: Report): string {
  return JSON.stringify([report.phase, report.error, report.digest]);
}

/** What a bucket holds after the deletion of a key. */
export const DELETED = "";

/** Everything that is to be published now; nothing while NATS is away. */
export function publish(state: State, nowMs: number): Next {
  if (!state.connected) return { effects: [], wakeAtMs: null };
  return together(
    heartbeat(state, nowMs),
    waiting(state.info.published.trouble, nowMs) ?? info(state),
    ...[...state.locals.values()].map(
      (local) => waiting(local.published.trouble, nowMs) ?? stateOf(local, state.epoch),
    ),
  );
}

function heartbeat({ heartbeat: { dueAtMs, revision } }: State, nowMs: number): Next {
  if (nowMs < dueAtMs) return { effects: [], wakeAtMs: dueAtMs };
  return { effects: [{ kind: "heartbeat", key: "heartbeat", revision }], wakeAtMs: null };
}

function info(state: State): Next {
  const { wanted, published } = state.info;
  const rival = hasRival(state);
  const identity = rival ? `${wanted} and another agent` : wanted;
  const mode = modeOf(identity, published, state.epoch);
  return now(mode === null ? [] : [{ kind: "publish-info", key: "info", mode, identity, rival, epoch: state.epoch }]);
}

function stateOf(local: Local, epoch: number): Next {
  const { name, report, published, gone } = local;
  const key = `state ${name}`;
  if (gone) {
    return now(isDeleted(published) ? [] : [{ kind: "delete-state", key, deployment: name, epoch }]);
  }
  if (report === null) return now([]);
  const mode = modeOf(reportIdentity(report), published, epoch);
  return now(mode === null ? [] : [{ kind: "publish-state", key, deployment: name, report, mode, epoch }]);
}

/** Is the key known to be deleted? What an earlier life of the agent knew is no knowledge. */
export function isDeleted({ acknowledged, epoch }: Published): boolean {
  return acknowledged === DELETED && epoch !== IN_DOUBT;
}

/** `put` for news; `offer` where the bucket was told, but may have lost it since, or been told something else. */
function modeOf(wanted: string, { acknowledged, epoch }: Published, current: number): "put" | "offer" | null {
  if (acknowledged !== wanted) return "put";
  return epoch === current ? null : "offer";
}

function waiting(trouble: Trouble | null, nowMs: number): Next | null {
  return trouble === null || trouble.retryAtMs <= nowMs ? null : { effects: [], wakeAtMs: trouble.retryAtMs };
}

function now(effects: readonly Effect[]): Next {
  return { effects, wakeAtMs: null };
}
