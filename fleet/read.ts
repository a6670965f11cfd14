/** Files of a repository → a fleet, or every problem in it. */
import type { Fleet } from "./fleet.ts";
import type { Problem, Warning } from "./problem.ts";
import type { Snapshot, SnapshotEntry } from "./snapshot.ts";

/** What one snapshot says. */
export interface FleetReading {
  /** Null exactly where there are problems. */
  readonly fleet: Fleet | null;
  /** In byte order of path, then by line and column. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** How many documents of each kind there are, valid or not. */
  readonly deployments: number;
  readonly devices: number;
}

/** Reads snapshots one after another. Keeps parsed files by path and id, so that a new commit costs only what changed. */
export declare class FleetReader {
  /** The entries whose content `read` will ask for and that are not known from an earlier snapshot. */
  wants(entries: readonly SnapshotEntry[]): SnapshotEntry[];
  /** Throws only where content that `wants` named is missing: a snapshot that is not whole is never an intent. */
  read(snapshot: Snapshot): FleetReading;
}
