/** Devices that answer like agents at the wire, without containers: many in one process. */
import { sleep } from "#runtime/clock.ts";
import type { SimulatorSettings } from "./config.ts";
import { showProgress, type ProgressScreen } from "./progress.ts";
import { startSimulation, type Simulation } from "./simulation.ts";
import type { Summary } from "./summary.ts";
import type { SimulationSurroundings } from "./world.ts";
export { settings } from "./config.ts";
export { summaryJson, summaryText } from "./summary.ts";
export type { SimulatedDevice } from "./device-columns.ts";

const LOOK_MS = 100;
/** What has been settled for so long is not about to change. */
const SETTLED_FOR_MS = 2_000;

/** Runs until the signal aborts, its time is over or everything is settled. */
export async function run(
  settings: SimulatorSettings,
  { screen, ...surroundings }: SimulationSurroundings & { readonly screen: ProgressScreen },
): Promise<Summary> {
  const { logger, devices, signal } = surroundings;
  logger.info({ devices: devices.length, connections: settings.connections }, "simulating devices");
  const simulation = await startSimulation(settings, surroundings);
  const stopShowing = showProgress(screen, () => simulation.progress());
  await theEnd(simulation, settings, signal);
  stopShowing();
  return await simulation.stop();
}

async function theEnd(simulation: Simulation, settings: SimulatorSettings, signal: AbortSignal): Promise<void> {
  const endMs = settings.duration === 0 ? Number.POSITIVE_INFINITY : performance.now() + settings.duration;
  let settledSinceMs: number | null = null;
  while (!signal.aborted && performance.now() < endMs) {
    if (settings.untilSettled) {
      const { wanted, settled } = simulation.progress();
      if (wanted > settled || !simulation.isWhole()) settledSinceMs = null;
      else settledSinceMs ??= performance.now();
      if (settledSinceMs !== null && performance.now() - settledSinceMs >= SETTLED_FOR_MS) return;
    }
    await sleep(LOOK_MS, signal);
  }
}
