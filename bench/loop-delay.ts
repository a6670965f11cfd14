/** How long the event loop of this process keeps others waiting while some work goes on. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** The delay while some work ran, and not what ran between. */
export class LoopDelay {
  #worstNs = 0;

  async during<T>(work: () => Promise<T>): Promise<T> {
    // One that was disabled and enabled again would count the time between as a delay.
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    try {
      return await work();
    } finally {
      histogram.disable();
      this.#worstNs = Math.max(this.#worstNs, histogram.percentile(99));
    }
  }

  /** The 99th percentile of the call in which it was worst, in milliseconds. */
  get p99Ms(): number {
    return this.#worstNs / 1e6;
  }
}

/** What `work` came to, and the 99th percentile of the delay while it ran, in milliseconds. */
export async function withLoopDelay<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly loop_delay_p99_ms: number }> {
  const delay = new LoopDelay();
  const result = await delay.during(work);
  return { result, loop_delay_p99_ms: delay.p99Ms };
}
