/** A folder read by the engine: its fleet, or every problem in it. */
import { resolve } from "node:path";
import type { Fleet } from "#fleet/fleet.ts";
import { FleetReader, type FleetReading } from "#fleet/read.ts";
import type { Snapshot } from "#fleet/snapshot.ts";
import { readFolder } from "./folder.ts";
import type { Io } from "./io.ts";
import { printProblems } from "./problem-text.ts";

/** The folder a `[dir]` argument means. */
export function folderOf(dir: string | undefined, io: Io): string {
  return resolve(io.cwd, dir ?? ".");
}

/** Reads a folder. `reader` may be shared with other snapshots: equal files are parsed once. */
export function readFleetFolder(folder: string, reader: FleetReader = new FleetReader()): FolderReading {
  const snapshot = readFolder(folder);
  reader.wants(snapshot.entries);
  return { ...reader.read(snapshot), snapshot };
}

export interface FolderReading extends FleetReading {
  readonly snapshot: Snapshot;
}

/** The fleet of a folder; where there are problems they are printed on stderr and null is given. Prints warnings, too. */
export function validFleet(folder: string, io: Io): Fleet | null {
  const reading = readFleetFolder(folder);
  warnWhereEmpty(reading, folder, io);
  printWarnings(reading.warnings, io);
  if (reading.fleet === null) printProblems(reading.problems, folder, io);
  return reading.fleet;
}

/** Warnings and notes on stderr, one a line. */
export function printWarnings(warnings: readonly { readonly message: string }[], io: Io): void {
  for (const { message } of warnings) io.err(`${io.paintErr("yellow", "note:")} ${message}\n`);
}

/** An empty fleet is valid and removes everything: whoever gave the wrong folder should hear of it. */
export function warnWhereEmpty(reading: FolderReading, folder: string, io: Io): void {
  if (reading.snapshot.entries.length > 0) return;
  io.err(
    `${io.paintErr("yellow", "note:")} ${folder} has neither fleet.yaml nor deployments/ nor devices/: ` +
      "an empty fleet. Is it the right folder? `gitfleet init` makes a new one.\n",
  );
}
