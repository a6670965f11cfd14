/** How each deployment is doing: the fold of desired keys and device states, kept as they change. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { DeploymentState } from "#schema/wire.ts";
import {
  errorOf,
  isAbout,
  newerError,
  standingOf,
  type DeviceFacts,
  type LastError,
  type PairFacts,
  type Standing,
} from "./standing.ts";

export type { LastError } from "./standing.ts";

/** Counts of devices. `matched = succeeded + failed + pending`, always. */
export interface Aggregate {
  readonly matched: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
  /** Within `matched`; they keep their phase. */
  readonly offline: number;
  /** Devices that are paused: not in `matched`. */
  readonly paused: number;
  /** States that do not say which value they are about; within `matched`. */
  readonly unverified: number;
  readonly last_error: LastError | null;
}

/** One device that a rollout waits for. */
export interface TroubledDevice {
  readonly device: DeviceId;
  readonly offline: boolean;
  /** A device's text: escape it where it is shown. */
  readonly error: string | null;
  readonly at: string | null;
}

/** Failed and pending devices of a deployment, sorted by id, with how many there are in all. */
export interface Troubled {
  readonly failed: readonly TroubledDevice[];
  readonly failedTotal: number;
  readonly pending: readonly TroubledDevice[];
  readonly pendingTotal: number;
}

const NO_FACTS: PairFacts = { digest: null, state: null };
const DEFAULT_DEVICE: DeviceFacts = { offline: false, paused: false };

interface Fold {
  readonly pairs: Map<DeviceId, PairFacts>;
  readonly members: Readonly<Record<Standing, Set<DeviceId>>>;
  offline: number;
  unverified: number;
}

/** Keeps the aggregates of all deployments. Each event costs the work of one device; any order gives the same end. */
export class Aggregator {
  readonly #folds = new Map<DeploymentName, Fold>();
  readonly #devices = new Map<DeviceId, DeviceFacts>();
  readonly #deploymentsOf = new Map<DeviceId, Set<DeploymentName>>();

  /** The digest of the value now desired, or null where the key is gone. */
  setDesired(pair: DevicePair, digest: string | null): void {
    this.#change(pair, (facts) => ({ ...facts, digest }));
  }

  /** The state that the bucket now holds, or null where the key is gone. */
  setState(pair: DevicePair, state: DeploymentState | null): void {
    this.#change(pair, (facts) => ({ ...facts, state }));
  }

  setOffline(device: DeviceId, offline: boolean): void {
    this.#changeDevice(device, { ...this.#factsOf(device), offline });
  }

  setPaused(device: DeviceId, paused: boolean): void {
    this.#changeDevice(device, { ...this.#factsOf(device), paused });
  }

  /** Deployments with at least one desired key, sorted. */
  deployments(): DeploymentName[] {
    const wanted = [...this.#folds].filter(([, { members, pairs }]) => members.none.size < pairs.size);
    return wanted.map(([name]) => name).toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** The counts of one deployment; all 0 for one that nobody knows. */
  of(deployment: DeploymentName): Aggregate {
    const fold = this.#folds.get(deployment) ?? newFold();
    const { succeeded, failed, pending, paused } = fold.members;
    return {
      matched: succeeded.size + failed.size + pending.size,
      succeeded: succeeded.size,
      failed: failed.size,
      pending: pending.size,
      offline: fold.offline,
      paused: paused.size,
      unverified: fold.unverified,
      last_error: lastError(fold),
    };
  }

  /** The devices a rollout waits for, at most `limit` of each kind. */
  troubled(deployment: DeploymentName, limit: number): Troubled {
    const fold = this.#folds.get(deployment) ?? newFold();
    const listed = (members: ReadonlySet<DeviceId>): TroubledDevice[] =>
      [...members]
        .toSorted((a, b) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map((device) => this.#troubledDevice(fold, device));
    const { failed, pending } = fold.members;
    return { failed: listed(failed), failedTotal: failed.size, pending: listed(pending), pendingTotal: pending.size };
  }

  #troubledDevice(fold: Fold, device: DeviceId): TroubledDevice {
    const facts = fold.pairs.get(device) ?? NO_FACTS;
    const told =
      facts.state !== null && facts.digest !== null && isAbout(facts.state, facts.digest) ? facts.state : null;
    return {
      device,
      offline: this.#factsOf(device).offline,
      error: told?.last_error ?? null,
      at: told?.last_event_at ?? null,
    };
  }

  #factsOf(device: DeviceId): DeviceFacts {
    return this.#devices.get(device) ?? DEFAULT_DEVICE;
  }

  #change({ device, deployment }: DevicePair, change: (facts: PairFacts) => PairFacts): void {
    const fold = this.#folds.get(deployment) ?? newFold();
    this.#folds.set(deployment, fold);
    const before = fold.pairs.get(device) ?? NO_FACTS;
    const after = change(before);
    this.#count(fold, device, before, -1);
    this.#count(fold, device, after, 1);
    if (after.digest === null && after.state === null) this.#drop(fold, device, deployment);
    else {
      fold.pairs.set(device, after);
      const deployments = this.#deploymentsOf.get(device) ?? new Set();
      this.#deploymentsOf.set(device, deployments.add(deployment));
    }
  }

  #drop(fold: Fold, device: DeviceId, deployment: DeploymentName): void {
    for (const members of Object.values(fold.members)) members.delete(device);
    fold.pairs.delete(device);
    if (fold.pairs.size === 0) this.#folds.delete(deployment);
    const deployments = this.#deploymentsOf.get(device);
    deployments?.delete(deployment);
    if (deployments?.size === 0) this.#deploymentsOf.delete(device);
  }

  #changeDevice(device: DeviceId, facts: DeviceFacts): void {
    const pairs = [...(this.#deploymentsOf.get(device) ?? [])].flatMap((deployment) => {
      const fold = this.#folds.get(deployment);
      const pair = fold?.pairs.get(device);
      return fold === undefined || pair === undefined ? [] : [{ fold, pair }];
    });
    for (const { fold, pair } of pairs) this.#count(fold, device, pair, -1);
    if (facts.offline || facts.paused) this.#devices.set(device, facts);
    else this.#devices.delete(device);
    for (const { fold, pair } of pairs) this.#count(fold, device, pair, 1);
  }

  /** Takes a device into the counts of a deployment, or out of them. */
  #count(fold: Fold, device: DeviceId, pair: PairFacts, sign: 1 | -1): void {
    const facts = this.#factsOf(device);
    const standing = standingOf(pair, facts);
    if (sign === 1) fold.members[standing].add(device);
    else fold.members[standing].delete(device);
    if (standing === "none" || standing === "paused") return;
    if (facts.offline) fold.offline += sign;
    if (pair.state !== null && pair.state.desired_digest === undefined) fold.unverified += sign;
  }
}

function newFold(): Fold {
  const members = {
    none: new Set<DeviceId>(),
    paused: new Set<DeviceId>(),
    succeeded: new Set<DeviceId>(),
    failed: new Set<DeviceId>(),
    pending: new Set<DeviceId>(),
  };
  return { pairs: new Map(), members, offline: 0, unverified: 0 };
}

function lastError(fold: Fold): LastError | null {
  let newest: LastError | null = null;
  for (const device of fold.members.failed) {
    const state = fold.pairs.get(device)?.state;
    if (state) newest = newerError(newest, errorOf(device, state));
  }
  return newest;
}
