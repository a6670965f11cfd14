/** How long the event loop of this process keeps others waiting while some work goes on. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What `work` came to, and the 99th percentile of the delay while it ran, in milliseconds. */
export async function withLoopDelay<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly loop_delay_p99_ms: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const result = await work();
  histogram.disable();
  return { result, loop_delay_p99_ms: histogram.percentile(99) / 1e6 };
}
