/** What all simulated connections share. */
import type { Logger } from "#runtime/logger.ts";
import { systemClock } from "#runtime/clock.ts";
import { Allowance } from "./allowance.ts";
import type { SimulatorSettings } from "./config.ts";
import { DeviceColumns, type SimulatedDevice } from "./device-columns.ts";
import { ReportTimes } from "./report-times.ts";
import { SimulatedFleet } from "./simulated-fleet.ts";
import { Tally } from "./tally.ts";
import { Timetable } from "./timetable.ts";

/** What the simulator is given beside its settings. */
export interface SimulationSurroundings {
  readonly devices: readonly SimulatedDevice[];
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Whoever waits for its turn because of `--rate`. */
interface Starved {
  pump(): void;
}

/** Settings, the pure core, and counts. */
export class World {
  readonly settings: SimulatorSettings;
  readonly devices: readonly SimulatedDevice[];
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly fleet: SimulatedFleet;
  readonly columns: DeviceColumns;
  readonly times = new ReportTimes();
  readonly tally = new Tally();
  /** Pairs that are to be looked at again. */
  readonly timetable = new Timetable();
  readonly starved = new Set<Starved>();
  /** What the server stamped before is not timed: nobody was there. */
  startedAtMs = Number.POSITIVE_INFINITY;
  /** The last state that was acknowledged, by its revision. */
  lastStateRevision = 0;
  readonly #allowance: Allowance;

  constructor(settings: SimulatorSettings, { devices, signal, logger }: SimulationSurroundings) {
    this.settings = settings;
    this.devices = devices;
    this.signal = signal;
    this.logger = logger;
    const { delay: delayMs, failPercent, seed } = settings;
    this.fleet = new SimulatedFleet(
      devices.map(({ id }) => id),
      { delayMs, failPercent, seed },
    );
    this.columns = new DeviceColumns(devices.length, systemClock.nowMs());
    this.#allowance = new Allowance(settings.rate ?? null);
  }

  /** True where one more message may be sent now; it then counts. */
  mayStillSend(): boolean {
    return this.#allowance.take(systemClock.monotonicMs());
  }

  failed(error: unknown): void {
    if (!this.signal.aborted) this.logger.error({ err: error }, "a simulated device could not connect again");
  }
}
