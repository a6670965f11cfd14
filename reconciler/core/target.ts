/** A valid commit as something to pursue: what it wants, and where the bucket differs from it. */
import { desiredState, needsReports, type DesiredState, type ReportedDevices } from "#fleet/desired.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { parseDesiredKey } from "#schema/keys.ts";
import type { Holdings } from "./holdings.ts";

/** What has to be done to one key. `mark` and `unmark` are about markers where there is no value. */
export type KeyAction = "add" | "update" | "remove" | "mark" | "unmark";

export class Target {
  readonly commit: string;
  readonly fleet: Fleet;
  readonly desired: DesiredState;
  /** True where nothing may be decided without knowing what devices report. */
  readonly needsReports: boolean;
  /** The keys that differ, by what has to be done. */
  readonly open: Readonly<Record<KeyAction, Set<string>>>;
  readonly #holdings: Holdings;

  /** Compares every key once; after that `touch` keeps up with what changes. */
  constructor(commit: string, fleet: Fleet, reported: ReportedDevices, holdings: Holdings) {
    this.commit = commit;
    this.fleet = fleet;
    this.needsReports = needsReports(fleet);
    this.desired = this.needsReports ? desiredState(fleet, reported) : desiredState(fleet);
    this.open = { add: new Set(), update: new Set(), remove: new Set(), mark: new Set(), unmark: new Set() };
    this.#holdings = holdings;
    for (const keys of [this.desired.values, holdings.values, holdings.markers, holdings.states]) {
      for (const key of keys.keys()) this.touch(key);
    }
  }

  /** Looks at one key again; returns what has to be done to it now. */
  touch(key: string): KeyAction | null {
    const action = this.#actionFor(key);
    for (const [name, keys] of Object.entries(this.open)) if (name !== action) keys.delete(key);
    if (action !== null) this.open[action].add(key);
    return action;
  }

  actionOf(key: string): KeyAction | null {
    for (const [name, keys] of Object.entries(this.open)) if (keys.has(key)) return name as KeyAction;
    return null;
  }

  /** Values to write or remove: without them the bucket says what the commit says. */
  get openValues(): number {
    return this.open.add.size + this.open.update.size + this.open.remove.size;
  }

  #actionFor(key: string): KeyAction | null {
    const wanted = this.desired.values.get(key);
    const held = this.#holdings.values.get(key);
    if (wanted !== undefined) {
      if (held === undefined) return "add";
      return held.text === wanted.text ? null : "update";
    }
    const state = this.#holdings.states.has(key);
    const marked = this.#holdings.markers.has(key);
    if (held === undefined && state === marked) return null;
    if (this.#isFrozen(key)) return null;
    if (held !== undefined) return "remove";
    return marked ? "unmark" : "mark";
  }

  #isFrozen(key: string): boolean {
    if (this.fleet.settings.paused) return true;
    const pair = parseDesiredKey(key);
    // What is no pair is no device's: nothing can freeze it.
    return pair !== null && this.desired.isFrozen(pair);
  }
}
