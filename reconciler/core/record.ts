/** What the reconciler's record should say: the only way in which readers without the repository learn about commits. */
import type { ReconcilerRecord } from "#schema/wire.ts";
import { canonicalJson } from "#schema/canonical-json.ts";
import { wireTime } from "#schema/time.ts";
import { DEFAULT_SETTINGS } from "#fleet/fleet.ts";
import { pausedParts } from "#fleet/pauses.ts";
import type { Stance } from "./stance.ts";
import { appliedTarget } from "./stance.ts";
import type { State } from "./state.ts";
import type { Target } from "./target.ts";

/** So many names of paused things are told; readers count what they cannot know as not paused. */
export const PAUSED_MAX = 1_000;
/** So many withheld devices are named with their reason; the others are counted. */
export const WITHHELD_MAX = 50;

/**
 * The record that should stand there now. Before the first write of a commit it says `applying`, after the last one
 * `applied`; null where nothing may be said (another fleet, nothing known yet).
 */
export function wantedRecord(state: State, stance: Stance, nowMs: number): ReconcilerRecord | null {
  switch (stance.kind) {
    case "wait":
    case "foreign-fleet":
      return null;
    case "refuse":
      return refusedRecord(state, stance);
    case "pursue":
      return pursuedRecord(state, stance, nowMs);
  }
}

function refusedRecord(
  state: State,
  { refused, reason }: Extract<Stance, { kind: "refuse" }>,
): ReconcilerRecord | null {
  const known = appliedTarget(state);
  const recorded = state.record?.applied ?? null;
  // Without the applied commit nobody can say whether a record of another branch is ours.
  if (known === null && recorded !== null && state.record?.branch !== state.settings.branch) return null;
  const message = reason === refused.message ? reason : `${refused.message}; ${reason}`;
  const fleet = known?.fleet.name ?? state.record?.fleet ?? "";
  return { ...baseRecord(state), fleet, applying: null, refused: { ...refused, message } };
}

function pursuedRecord(state: State, stance: Extract<Stance, { kind: "pursue" }>, nowMs: number): ReconcilerRecord {
  const { target, refused } = stance;
  const base = { ...baseRecord(state), fleet: target.fleet.name, refused };
  if (base.applied === target.commit) {
    const kept = { ...withoutExtras(base), ...extras(target), applying: null };
    // Devices that report come and go without a commit.
    return target.openValues > 0 || state.isFeedHeld ? kept : { ...kept, desired_keys: state.holdings.values };
  }
  if (isUnderWay(state, stance)) return { ...base, applying: target.commit };
  const applied = { applied: target.commit, applying: null, applied_at: wireTime(nowMs) };
  return { ...withoutExtras(base), ...extras(target), ...applied, desired_keys: state.holdings.values };
}

// An approval is spent with the last write: what it allows has to be done before.
function isUnderWay(state: State, { target, approved }: Extract<Stance, { kind: "pursue" }>): boolean {
  if (target.openValues > 0 || state.isFeedHeld) return true;
  return approved && state.synced["device-state"] && target.open.mark > 0;
}

function baseRecord(state: State): ReconcilerRecord {
  const empty = { fleet: "", branch: "", head: null, applied: null, applying: null, applied_at: null, refused: null };
  const record = state.record ?? { ...empty, desired_keys: 0 };
  return { ...record, branch: state.settings.branch, head: state.git.head ?? record.head };
}

function withoutExtras(record: ReconcilerRecord): ReconcilerRecord {
  const {
    paused: _fleet,
    paused_devices: _devices,
    paused_deployments: _deployments,
    withheld: _withheld,
    offline_after_seconds: _offline,
    ...rest
  } = record;
  return rest;
}

// Additions to the record are there only where they say something.
function extras({ fleet, desired: { withheld } }: Target): Partial<ReconcilerRecord> {
  const paused = pausedParts(fleet);
  const [devices, deployments] = [paused.devices.map(({ id }) => id), paused.deployments.map(({ name }) => name)];
  const offlineAfterMs = fleet.settings.offlineAfterMs;
  return {
    ...(fleet.settings.paused ? { paused: true } : {}),
    ...(devices.length === 0 ? {} : { paused_devices: devices.slice(0, PAUSED_MAX) }),
    ...(deployments.length === 0 ? {} : { paused_deployments: deployments.slice(0, PAUSED_MAX) }),
    ...(withheld.size === 0 ? {} : { withheld: withheldOf(withheld) }),
    ...(offlineAfterMs === DEFAULT_SETTINGS.offlineAfterMs
      ? {}
      : { offline_after_seconds: Math.ceil(offlineAfterMs / 1_000) }),
  };
}

/** The record as it is written. */
export function recordText(record: ReconcilerRecord): string {
  return canonicalJson(record);
}

function withheldOf(withheld: Target["desired"]["withheld"]): NonNullable<ReconcilerRecord["withheld"]> {
  const named = [...withheld].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, WITHHELD_MAX);
  return { total: withheld.size, devices: named.map(([device_id, reason]) => ({ device_id, reason })) };
}
