/** A device that a document declares, as small as a million of them have to be: its places are worked out when asked for. */
import type { Labels } from "#schema/labels.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Device } from "./fleet.ts";
import type { Place } from "./problem.ts";

/** Where a document and the name in it stand. */
export interface DocumentPlaces {
  readonly document: Place;
  readonly name: Place;
}

/** The entry of a file and the device of a fleet in one. */
export class ParsedDevice implements Device {
  readonly id: DeviceId;
  readonly labels: Labels;
  readonly paused: boolean;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly nameLine: number;
  readonly nameColumn: number;

  constructor(id: DeviceId, labels: Labels, paused: boolean, { document, name }: DocumentPlaces) {
    this.id = id;
    this.labels = labels;
    this.paused = paused;
    this.file = document.file;
    this.line = document.line;
    this.column = document.column;
    this.nameLine = name.line;
    this.nameColumn = name.column;
  }

  get name(): DeviceId {
    return this.id;
  }

  get sound(): Device {
    return this;
  }

  get place(): Place {
    return { file: this.file, line: this.line, column: this.column };
  }

  get namePlace(): Place {
    return { file: this.file, line: this.nameLine, column: this.nameColumn };
  }
}
