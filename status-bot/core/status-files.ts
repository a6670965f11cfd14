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
} from "../texts/status-files.ts";
import {
  FAILURES_MAX,
  LINES_MAX,
  statusCommitMessage,
  statusReadme,
  type ShownDeployments,
} from "../texts/status-readme.ts";
import { DeploymentTable } from "./deployment-table.ts";
import type { LiveFleet } from "#fleet/live-fleet.ts";

/** What should stand on the status branch, and which paths may differ from what does. */
export class StatusFiles {
  readonly #view: LiveFleet;
  readonly #table = new DeploymentTable();
  /** Deployments that are to be looked at again. */
  readonly #due = new Set<DeploymentName>();
  readonly #texts = new Map<string, string>();
  readonly #paths = new Map<DeploymentName, string>();
  readonly #pending = new Set<string>();
  #sharded = false;

  constructor(view: LiveFleet) {
    this.#view = view;
  }

  /** Takes in what changed since the last call. Yields after each deployment, so that its caller can do something else. */
  *update(): Generator<void, void> {
    for (const name of this.#view.takeDirty()) this.#due.add(name);
    for (const name of this.#due) {
      this.#table.set(name, this.#view.isWanted(name) ? this.#view.aggregate(name) : null);
      yield;
    }
    this.#reshard();
    for (const name of this.#due) {
      this.#updateDeployment(name);
      this.#due.delete(name);
      yield;
    }
    const facts = this.#facts();
    this.#set(FLEET_PATH, fleetFile(facts));
    this.#set(README_PATH, statusReadme(facts, this.#shown()));
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
    return statusCommitMessage(this.#facts(), number);
  }

  // Past the limit, or back below it, every file has another path.
  #reshard(): void {
    const sharded = this.#table.size > UNSHARDED_MAX;
    if (sharded === this.#sharded) return;
    this.#sharded = sharded;
    for (const name of [...this.#paths.keys(), ...this.#table.names()]) this.#due.add(name);
  }

  #updateDeployment(name: DeploymentName): void {
    const aggregate = this.#table.of(name);
    const before = this.#paths.get(name);
    const path = aggregate === null ? undefined : deploymentPath(name, this.#table.size);
    if (before !== undefined && before !== path) this.#set(before, null);
    if (aggregate === null || path === undefined) {
      this.#paths.delete(name);
      return;
    }
    this.#paths.set(name, path);
    this.#set(path, deploymentFile(name, aggregate, this.#view.troubled(name, NAMED_DEVICES_MAX)));
  }

  #set(path: string, text: string | null): void {
    if ((this.#texts.get(path) ?? null) === text) return;
    if (text === null) this.#texts.delete(path);
    else this.#texts.set(path, text);
    this.#pending.add(path);
  }

  #shown(): ShownDeployments {
    const table = this.#table;
    const all = table.size <= LINES_MAX ? table.names() : table.first(LINES_MAX).map(({ name }) => name);
    const lines = all.flatMap((name) => {
      const [aggregate, path] = [table.of(name), this.#paths.get(name)];
      return aggregate === null || path === undefined ? [] : [{ name, aggregate, path }];
    });
    return { lines, failing: table.firstFailing(FAILURES_MAX), failingTotal: table.failing };
  }

  #facts(): FleetFacts {
    return { record: this.#view.record, devices: this.#view.deviceCounts(), totals: this.#table.totals };
  }
}
