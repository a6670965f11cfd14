/** Which keys a commit of the branch changes, and what it wants there. */
import { desiredState } from "#fleet/desired.ts";
import { sha256Digest } from "#fleet/digest.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { planBetween } from "#fleet/plan.ts";
import { desiredKey, type DevicePair } from "#schema/keys.ts";
import type { RolloutScope, ScopedPair } from "./rollout.ts";

/** Fleets that a commit is compared with. */
export interface ScopeParts {
  readonly commit: string;
  /** What the branch held before, null where that was invalid or nothing. */
  readonly before: Fleet | null;
  readonly fleet: Fleet;
  /** Both ends of the pull request that the commit merged: a rebase leaves them in commits of their own. */
  readonly pull: { readonly base: Fleet | null; readonly head: Fleet } | null;
}

/** The scope of a commit. Keys that only the pull request changed are in it with what this commit wants there. */
export function scopeOf({ commit, before, fleet, pull }: ScopeParts): RolloutScope {
  const pairs = new Map<string, ScopedPair>();
  for (const change of planBetween(before, fleet).changes) {
    pairs.set(desiredKey(change), pairOf(change, change.action === "remove" ? null : sha256Digest(change.after)));
  }
  if (pull === null) return { commit, pairs: [...pairs.values()] };
  const desired = desiredState(fleet);
  for (const change of planBetween(pull.base, pull.head).changes) {
    const key = desiredKey(change);
    if (pairs.has(key) || desired.isFrozen(change)) continue;
    pairs.set(key, pairOf(change, desired.get(change)?.digest ?? null));
  }
  return { commit, pairs: [...pairs.values()] };
}

function pairOf({ device, deployment }: DevicePair, digest: string | null): ScopedPair {
  return { device, deployment, digest };
}
