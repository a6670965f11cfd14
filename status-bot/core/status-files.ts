/** The status files as they should be, kept up to date: a change of one deployment costs the work of one file. */
import type { DeploymentName } from "#schema/names.ts";
import {
  deploymentFile,
  deploymentPath,
  FLEET_PATH,
  fleetFile,
  NAMED_DEVICES_MAX,
  README_PATH,
  UNSHARDED_MAX,
  type FleetFacts,
  type Totals,
} from "../texts/status-files.ts";
import { statusCommitMessage, statusReadme, type DeploymentLine } from "../texts/status-readme.ts";
import type { LiveFleet } from "#fleet/live-fleet.ts";

/** What should stand on the status branch, and which paths may differ from what does. */
export class StatusFiles {
  readonly #view: LiveFleet;
  readonly #texts = new Map<string, string>();
  readonly #paths = new Map<DeploymentName, string>();
  readonly #pending = new Set<string>();
  #sharded = false;

  constructor(view: LiveFleet) {
    this.#view = view;
  }

  /** Takes in what changed since the last call. */
  update(): void {
    const names = this.#view.deployments();
    const dirty = this.#reshard(names) ? new Set([...this.#paths.keys(), ...names]) : new Set(this.#view.takeDirty());
    const alive = new Set(names);
    for (const name of dirty) this.#updateDeployment(name, alive.has(name) ? names.length : null);
    const facts = this.#facts(names);
    this.#set(FLEET_PATH, fleetFile(facts));
    this.#set(README_PATH, statusReadme(facts, this.#lines(names)));
  }

  /** The text of a path, null where there should be no file. */
  text(path: string): string | null {
    return this.#texts.get(path) ?? null;
  }

  /** Paths that may differ from what stands on the branch. */
  pending(): ReadonlySet<string> {
    return this.#pending;
  }

  /** The branch is not what it was: everything of ours on it, and everything that should be, is to be compared again. */
  changed(standing: Iterable<string>): void {
    for (const path of standing) this.#pending.add(path);
    for (const path of this.#texts.keys()) this.#pending.add(path);
  }

  /** The branch now holds all of it. */
  settled(): void {
    this.#pending.clear();
  }

  /** The message of the commit with this number. */
  message(number: number): string {
    return statusCommitMessage(this.#facts(this.#view.deployments()), number);
  }

  // Past the limit, or back below it, every file has another path.
  #reshard(names: readonly DeploymentName[]): boolean {
    const sharded = names.length > UNSHARDED_MAX;
    if (sharded === this.#sharded) return false;
    this.#sharded = sharded;
    this.#view.takeDirty();
    return true;
  }

  #updateDeployment(name: DeploymentName, total: number | null): void {
    const before = this.#paths.get(name);
    const path = total === null ? undefined : deploymentPath(name, total);
    if (before !== undefined && before !== path) this.#set(before, null);
    if (path === undefined) {
      this.#paths.delete(name);
      return;
    }
    this.#paths.set(name, path);
    this.#set(path, deploymentFile(name, this.#view.aggregate(name), this.#view.troubled(name, NAMED_DEVICES_MAX)));
  }

  #set(path: string, text: string | null): void {
    if ((this.#texts.get(path) ?? null) === text) return;
    if (text === null) this.#texts.delete(path);
    else this.#texts.set(path, text);
    this.#pending.add(path);
  }

  #lines(names: readonly DeploymentName[]): DeploymentLine[] {
    return names.map((name) => ({
      name,
      aggregate: this.#view.aggregate(name),
      path: this.#paths.get(name) ?? deploymentPath(name, names.length),
    }));
  }

  #facts(names: readonly DeploymentName[]): FleetFacts {
    return { record: this.#view.record, devices: this.#view.deviceCounts(), totals: totalsOf(this.#view, names) };
  }
}

function totalsOf(view: LiveFleet, names: readonly DeploymentName[]): Totals {
  const totals = {
    deployments: names.length,
    matched: 0,
    succeeded: 0,
    failed: 0,
    pending: 0,
    offline: 0,
    paused: 0,
    unverified: 0,
  };
  for (const name of names) {
    const aggregate = view.aggregate(name);
    for (const field of ["matched", "succeeded", "failed", "pending", "offline", "paused", "unverified"] as const) {
      totals[field] += aggregate[field];
    }
  }
  return totals;
}
