/** What is known of each pair, in columns: a million pairs are no million objects. */

/** Phases as they stand in a column. */
export const PHASES = { none: 0, pending: 1, running: 2, failed: 3 } as const;
export type PhaseCode = (typeof PHASES)[keyof typeof PHASES];

const FIRST_LENGTH = 1_024;

/** One row for each pair; rows are only added. */
export class PairColumns {
  #length = 0;
  device = new Uint32Array(FIRST_LENGTH);
  deployment = new Uint32Array(FIRST_LENGTH);
  /** The digest that is wanted; null after a delete marker; undefined while nothing is known: absence is no intent. */
  readonly wanted: (string | null | undefined)[] = [];
  /** What the device has come to about `wanted`. */
  phase = new Uint8Array(FIRST_LENGTH);
  /** When it gets from Pending to its end. */
  doneAtMs = new Float64Array(FIRST_LENGTH);
  /** The state that the bucket acknowledged last. */
  told = new Uint8Array(FIRST_LENGTH);
  readonly toldDigest: (string | null)[] = [];
  /** 1 where the bucket may have lost it. */
  doubtful = new Uint8Array(FIRST_LENGTH);

  /** The number of a new row. */
  add(device: number, deployment: number): number {
    const row = this.#length;
    this.#length += 1;
    if (this.#length > this.device.length) this.#grow(2 * this.device.length);
    this.device[row] = device;
    this.deployment[row] = deployment;
    this.wanted.push(undefined);
    this.toldDigest.push(null);
    return row;
  }

  #grow(length: number): void {
    this.device = grown(this.device, new Uint32Array(length));
    this.deployment = grown(this.deployment, new Uint32Array(length));
    this.phase = grown(this.phase, new Uint8Array(length));
    this.doneAtMs = grown(this.doneAtMs, new Float64Array(length));
    this.told = grown(this.told, new Uint8Array(length));
    this.doubtful = grown(this.doubtful, new Uint8Array(length));
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(column: T, longer: T): T {
  longer.set(column);
  return longer;
}
