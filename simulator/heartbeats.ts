/** Whose heartbeat is due: devices take turns, spread evenly over the interval, as devices that started at random do. */

/** Says which devices are due; never sends a burst to make up for time it slept. */
export class HeartbeatTurns {
  readonly #devices: number;
  readonly #everyMs: number;
  #startedAtMs: number | null = null;
  #sent = 0;

  constructor({ devices, everyMs }: { readonly devices: number; readonly everyMs: number }) {
    this.#devices = devices;
    this.#everyMs = everyMs;
  }

  /** Indexes of the devices that are due now. The first call begins with the first device. */
  due(nowMs: number): number[] {
    this.#startedAtMs ??= nowMs;
    const total = Math.floor(((nowMs - this.#startedAtMs) / this.#everyMs) * this.#devices) + 1;
    // Each device once at most: what was missed is over.
    const first = Math.max(this.#sent, total - this.#devices);
    this.#sent = Math.max(this.#sent, total);
    return Array.from({ length: total - first }, (_, index) => (first + index) % this.#devices);
  }
}
