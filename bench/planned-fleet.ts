/** A made-up fleet as it stands in memory once its files are read: what the rows about planning begin with. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { assemble } from "#fleet/assemble.ts";
import type { FileChange } from "#fleet/file-changes.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { Numbering } from "#fleet/matches.ts";
import { parseFile, parseFileSteps, type ParsedFile } from "#fleet/parsed-file.ts";
import type { FleetReading } from "#fleet/reading.ts";
import { reassemble } from "#fleet/reassemble.ts";
import { finished } from "#fleet/steps.ts";
import { inSlices } from "#runtime/in-slices.ts";
import { fleetFiles } from "./generated-fleet.ts";
import type { FleetSize } from "./sizes.ts";

export class PlannedFleet {
  readonly #files: ReadonlyMap<string, ParsedFile>;
  readonly #reading: FleetReading;

  private constructor(files: ReadonlyMap<string, ParsedFile>, reading: FleetReading) {
    this.#files = files;
    this.#reading = reading;
  }

  /** Reads and judges all files of a size. */
  static async of(size: FleetSize, signal: AbortSignal): Promise<PlannedFleet> {
    const files = new Map<string, ParsedFile>();
    for (const { path, text } of fleetFiles(size)) {
      files.set(path, parseFile(path, text));
      if (files.size % FILES_PER_TURN === 0) await nextTurn();
      signal.throwIfAborted();
    }
    const byPath = [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return new PlannedFleet(files, await inSlices(assemble(byPath, new Numbering()), { signal }));
  }

  get fleet(): Fleet {
    return fleetOf(this.#reading);
  }

  /** One file with other content, read; what did not change in it is taken over. */
  changed(path: string, text: string): FileChange {
    const before = this.#files.get(path);
    if (before === undefined) throw new Error(`the fleet has no file ${path}`);
    return { before, after: finished(parseFileSteps(path, text, before)) };
  }

  /** The fleet with a changed file in it. */
  after(change: FileChange): Fleet {
    const next = finished(reassemble(this.#reading, [change]));
    if (next === null) throw new Error(`the change of ${change.after?.path} was not taken in by itself`);
    return fleetOf(next);
  }
}

const FILES_PER_TURN = 500;

function fleetOf({ fleet, problems }: FleetReading): Fleet {
  if (fleet === null) throw new Error(`the fleet is not valid: ${problems[0]?.message}`);
  return fleet;
}
