/** How far a commit has come on the devices it changes, from what NATS says now. */
import type { DevicePair } from "#schema/keys.ts";
import type { LiveFleet } from "#fleet/live-fleet.ts";
import { FAILED_KEPT_MAX, type FailedDevice, type Progress, type RolloutCounts } from "./progress.ts";

/** One key that a commit changes, and what it wants there. */
export interface ScopedPair extends DevicePair {
  /** Digest of the value; null where the commit removes the key. */
  readonly digest: string | null;
}

/** Everything one commit changes. */
export interface RolloutScope {
  readonly commit: string;
  readonly pairs: readonly ScopedPair[];
}

/** Where a commit stands in the history of the tracked branch, by first parents. */
export interface Standing {
  /** Applied: it is what the bucket mirrors, or lies behind it. */
  readonly isReached: boolean;
  /** A later commit is the applied one. */
  readonly isPassed: boolean;
}

/** The newest-first first-parent line of the branch tells where a commit stands against what is applied. */
export function standingOf(commit: string, line: readonly string[], applied: string | null): Standing {
  if (commit === applied) return { isReached: true, isPassed: false };
  const at = line.indexOf(commit);
  const appliedAt = applied === null ? -1 : line.indexOf(applied);
  const isPassed = at >= 0 && appliedAt >= 0 && appliedAt < at;
  return { isReached: isPassed, isPassed };
}

/** What became of one key. */
type Outcome = "done" | "unverified" | "failed" | "pending" | "offline" | "superseded";

/** Judges a commit. `scope` is null for a commit that is invalid: nothing of it can ever be on a device. */
export function progressOf(
  commit: string,
  scope: RolloutScope | null,
  { view, line }: { readonly view: LiveFleet; readonly line: readonly string[] },
): Progress {
  const record = view.record;
  const standing = standingOf(commit, line, record?.applied ?? null);
  const refused = record?.refused;
  if (!standing.isReached && refused?.commit === commit) {
    const { message, problems, removes, of } = refused;
    return refused.reason === "invalid"
      ? { kind: "refused", message, problems }
      : { kind: "held", message, removes, of };
  }
  const isWriting = record?.applying === commit;
  if (!standing.isReached && !isWriting) return { kind: "waiting" };
  const by = passedBy(commit, line, [record?.applied ?? null, record?.applying ?? null]);
  if (scope === null) return { kind: "superseded", counts: NOTHING, failed: [], by };
  return rolling(scope, view, { by, isWriting });
}

// A later commit that is just being written takes over key by key.
function passedBy(commit: string, line: readonly string[], later: readonly (string | null)[]): string | null {
  return later.find((other) => standingOf(commit, line, other).isPassed) ?? null;
}

const NOTHING: RolloutCounts = { total: 0, done: 0, failed: 0, pending: 0, offline: 0, superseded: 0, unverified: 0 };

function rolling(
  { pairs, commit }: RolloutScope,
  view: LiveFleet,
  { by, isWriting }: { readonly by: string | null; readonly isWriting: boolean },
): Progress {
  const tally = { done: 0, unverified: 0, failed: 0, pending: 0, offline: 0, superseded: 0 };
  const failed: FailedDevice[] = [];
  for (const pair of pairs) {
    const outcome = outcomeOf(pair, view, { commit, isPassed: by !== null });
    tally[outcome] += 1;
    if (outcome === "failed" && failed.length < FAILED_KEPT_MAX) failed.push(failedDevice(pair, view));
  }
  const counts = { ...tally, done: tally.done + tally.unverified, total: pairs.length };
  return { kind: isWriting ? "rolling" : verdict(counts), counts, failed, by };
}

function verdict({ pending, failed, superseded }: RolloutCounts): "rolling" | "failed" | "superseded" | "done" {
  if (pending > 0) return "rolling";
  if (failed > 0) return "failed";
  return superseded > 0 ? "superseded" : "done";
}

function failedDevice(pair: ScopedPair, view: LiveFleet): FailedDevice {
  const error = view.state(pair)?.last_error ?? "";
  return {
    device: pair.device,
    deployment: pair.deployment,
    error: error === "" ? "failed without saying why" : error,
  };
}

function outcomeOf(
  pair: ScopedPair,
  view: LiveFleet,
  { commit, isPassed }: { readonly commit: string; readonly isPassed: boolean },
): Outcome {
  const wanted = view.wanted(pair);
  // Values that depend on labels devices report differ from what git alone says: the writer's header then tells.
  const isOurs = pair.digest === null ? wanted === null : wanted?.digest === pair.digest || wanted?.commit === commit;
  if (!isOurs && isPassed) return "superseded";
  const reached = isOurs ? reachedBy(pair, view) : "pending";
  return reached === "pending" && (view.isOffline(pair.device) || view.isPaused(pair.device)) ? "offline" : reached;
}

function reachedBy(pair: ScopedPair, view: LiveFleet): Outcome {
  const state = view.state(pair);
  if (pair.digest === null) return state === null ? "done" : "pending";
  const isCurrent = state?.desired_digest === undefined || state.desired_digest === view.wanted(pair)?.digest;
  if (state === null || !isCurrent) return "pending";
  switch (state.phase) {
    case "Running":
      return state.desired_digest === undefined ? "unverified" : "done";
    case "Failed":
      return "failed";
    case "Pending":
      return "pending";
  }
}
