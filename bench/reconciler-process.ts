/** The reconciler as a process of its own, as `gitfleet reconciler` runs it: settings as JSON in the first argument. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { run, settings } from "#reconciler/main.ts";
import { silentLogger } from "#runtime/logger.ts";

/** What it answers to any message: how it fared since the message before. */
export interface ReconcilerFigures {
  readonly loop_delay_p99_ms: number;
}

const RESOLUTION_MS = 10;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
process.on("message", () => {
  const figures: ReconcilerFigures = { loop_delay_p99_ms: Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS) };
  delays.reset();
  process.send?.(figures);
});
const stop = new AbortController();
process.on("disconnect", () => stop.abort());
const given: unknown = JSON.parse(process.argv[2] ?? "{}");
process.exitCode = await run(settings.parse(given), {
  signal: stop.signal,
  logger: silentLogger,
  stdout: () => {},
});
