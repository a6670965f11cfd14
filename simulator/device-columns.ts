/** What is known of each device beside its pairs, in columns. */
import type { DeviceId } from "#schema/names.ts";

/** One device to be. */
export interface SimulatedDevice {
  readonly id: DeviceId;
  readonly labels: Readonly<Record<string, string>>;
}

/** How device-info stands. */
export const INFO = { toPut: 0, toOffer: 1, told: 2 } as const;

/** How often one key is offered again, as agents do to notice a bucket that was wiped in silence. */
const PROBE_INTERVAL_MS = 3_600_000;

/** One row for each device. */
export class DeviceColumns {
  readonly info: Uint8Array;
  /** The revision of its last heartbeat; 0 before the first. */
  readonly beat: Float64Array;
  /** 1 where the last heartbeat did not arrive. */
  readonly beatFailed: Uint8Array;
  /** Writes that were sent to the bucket of states, whatever became of them. */
  readonly stateWrites: Uint32Array;
  readonly #probeAtMs: Float64Array;

  constructor(length: number, nowMs: number) {
    this.info = new Uint8Array(length);
    this.beat = new Float64Array(length);
    this.beatFailed = new Uint8Array(length);
    this.stateWrites = new Uint32Array(length);
    this.#probeAtMs = new Float64Array(length).fill(nowMs + PROBE_INTERVAL_MS);
  }

  /** A process that ended knows nothing of its heartbeats, and says its inventory anew. */
  restart(device: number): void {
    this.info[device] = INFO.toPut;
    this.beat[device] = 0;
    this.beatFailed[device] = 0;
  }

  /** Which of `count` keys a device is to probe now; null where it is not its time. */
  probe(device: number, count: number, nowMs: number): number | null {
    if (nowMs < this.#probeAtMs[device]!) return null;
    this.#probeAtMs[device] = nowMs + PROBE_INTERVAL_MS;
    return Math.floor(nowMs / PROBE_INTERVAL_MS) % count;
  }
}
